"""Lists of members: who is on one."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.campaigns.models import Audience, AudienceMember
from apps.campaigns.selectors import AudienceUnknown
from apps.core.transactions import in_transaction
from apps.members.models import Identity

# External ids that are looked up in one query.
AT_ONCE = 5_000


@dataclass(frozen=True)
class AudienceChange:
    """What a change of a list came to: members `changed`, those for whom it was so `already`, and
    the external ids nobody is known by."""

    changed: int
    already: int
    unknown: tuple[str, ...]


@in_transaction
def audience_create(*, name: str, is_test: bool = False, of_partners: bool = False) -> Audience:
    """A new, empty list of members of one mode, perhaps of partners."""
    return Audience.objects.create(name=name, is_test=is_test, of_partners=of_partners)


@in_transaction
def audience_add(*, audience_id: int, external_ids: Iterable[str]) -> AudienceChange:
    """Put the members the shop knows by these ids on a list; again changes nothing.

    Unknown ids are reported and change nothing. Raises AudienceUnknown. Locks only the rows it adds.
    """
    audience = _audience(audience_id)
    changed = already = 0
    unknown: list[str] = []
    for chunk in _chunks(external_ids):
        found = _members(chunk, is_test=audience.is_test)
        unknown += [external_id for external_id in chunk if external_id not in found]
        wanted = set(found.values())
        on_it = AudienceMember.objects.filter(audience=audience, member__in=wanted)
        before = set(on_it.values_list("member_id", flat=True))
        # Whoever else adds the same member at this moment: one row is kept.
        AudienceMember.objects.bulk_create(
            [AudienceMember(audience=audience, member_id=pk) for pk in sorted(wanted - before)],
            ignore_conflicts=True,
        )
        changed += len(wanted - before)
        already += len(before)
    return AudienceChange(changed, already, tuple(unknown))


@in_transaction
def audience_remove(*, audience_id: int, external_ids: Iterable[str]) -> AudienceChange:
    """Take the members the shop knows by these ids off a list; again changes nothing.

    What was decided while they were on it stands. Raises AudienceUnknown. Locks the rows it removes.
    """
    audience = _audience(audience_id)
    changed = already = 0
    unknown: list[str] = []
    for chunk in _chunks(external_ids):
        found = _members(chunk, is_test=audience.is_test)
        unknown += [external_id for external_id in chunk if external_id not in found]
        wanted = set(found.values())
        rows = AudienceMember.objects.filter(audience=audience, member__in=wanted)
        removed, _ = rows.delete()
        changed += removed
        already += len(wanted) - removed
    return AudienceChange(changed, already, tuple(unknown))


def _audience(audience_id: int) -> Audience:
    audience = Audience.objects.filter(pk=audience_id).first()
    if audience is None:
        raise AudienceUnknown()
    return audience


def _chunks(external_ids: Iterable[str]) -> Iterable[list[str]]:
    """The ids once each, in their order, so many at a time."""
    distinct = list(dict.fromkeys(external_ids))
    return (distinct[start : start + AT_ONCE] for start in range(0, len(distinct), AT_ONCE))


def _members(external_ids: list[str], *, is_test: bool) -> dict[str, int]:
    """The members' primary keys by the external id the shop knows them by."""
    identities = Identity.objects.filter(
        kind=Identity.Kind.EXTERNAL_ID, namespace="", is_test=is_test, value__in=external_ids
    )
    return dict(identities.values_list("value", "member_id"))

"""Registering members, and the keys that act for shops."""

import datetime as dt

from apps.core.clock import EngineNow
from apps.core.errors import Conflict
from apps.core.transactions import in_transaction
from apps.members import credentials
from apps.members.models import Identity, Member, Profile, ServerKey


class IdentityTaken(Conflict):
    code = "identity_taken"
    message = "This identity already leads to another member."


@in_transaction
def member_register(
    *,
    external_id: str,
    now: dt.datetime,
    is_test: bool = False,
    nickname: str | None = None,
    avatar_url: str | None = None,
    first_order_at: dt.datetime | None = None,
    identities: tuple[tuple[Identity.Kind, str, str], ...] = (),
) -> tuple[Member, bool]:
    """Register a member by the shop's own id, or update the one there is; (member, created).

    A member who already has one of `identities` (kind, namespace, value) is the one who is meant
    and gains the others. Fields that are None stay as they are. Raises IdentityTaken when two of
    the identities lead to two members. Locks nothing: the unique identity decides a race.
    """
    wanted = ((Identity.Kind.EXTERNAL_ID, "", external_id), *identities)
    member, created = _find_or_create(wanted, is_test=is_test)
    if first_order_at is not None:
        Member.objects.filter(pk=member.pk).update(first_order_at=first_order_at)
        member.first_order_at = first_order_at
    shown = {"nickname": nickname, "avatar_url": avatar_url}
    given = {name: value for name, value in shown.items() if value is not None}
    if given or created:
        Profile.objects.update_or_create(member=member, defaults={**given, "updated_at": now})
    return member, created


def _find_or_create(
    wanted: tuple[tuple[Identity.Kind, str, str], ...], *, is_test: bool
) -> tuple[Member, bool]:
    owners = {key: _owner(key, is_test) for key in wanted}
    known = {owner for owner in owners.values() if owner is not None}
    if len(known) > 1:
        raise IdentityTaken("These identities lead to different members.")
    created = not known
    member_id = known.pop() if known else Member.objects.create(is_test=is_test).pk
    missing = [key for key, owner in owners.items() if owner is None]
    Identity.objects.bulk_create(
        [
            Identity(
                member_id=member_id, kind=kind, namespace=namespace, value=value, is_test=is_test
            )
            for kind, namespace, value in missing
        ],
        ignore_conflicts=True,
    )
    for key in missing:
        winner = _owner(key, is_test)
        if winner is None:
            raise IdentityTaken("This member already has another external_id.")
        if winner != member_id:
            if not created:
                raise IdentityTaken()
            # Somebody registered the same identity at the same moment: theirs is the member.
            Member.objects.filter(pk=member_id).delete()
            return Member.objects.get(pk=winner), False
    return Member.objects.get(pk=member_id), created


def _owner(key: tuple[Identity.Kind, str, str], is_test: bool) -> int | None:
    kind, namespace, value = key
    return (
        Identity.objects.filter(is_test=is_test, kind=kind, namespace=namespace, value=value)
        .values_list("member_id", flat=True)
        .first()
    )


@in_transaction
def server_key_create(
    *, name: str, is_test: bool = False, scopes: tuple[str, ...] = ServerKey.SCOPES
) -> tuple[ServerKey, str]:
    """A new server key and its text, which is never shown again."""
    text = credentials.server_key_new(is_test=is_test)
    row = ServerKey.objects.create(
        name=name,
        hashed=credentials.server_key_hash(text),
        hint=text[:12],
        scopes=list(scopes),
        is_test=is_test,
    )
    return row, text


@in_transaction
def server_key_revoke(*, key_id: int) -> None:
    """Stop a server key for good. Revoking it again changes nothing."""
    ServerKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=EngineNow())

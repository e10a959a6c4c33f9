"""Recording what the shop or a phone reports about members, each report once."""

import datetime as dt
from dataclasses import asdict, dataclass, field
from typing import Any

from apps.core.errors import Conflict
from apps.core.fingerprints import fingerprint
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.facts import events
from apps.facts.models import Fact


class FactConflict(Conflict):
    code = "fact_conflict"
    message = "A fact with this key was already reported, with other contents."


class BirthdayKnown(Conflict):
    code = "birthday_known"
    message = "This member's birthday of that year was already reported."


@dataclass(frozen=True)
class FactReport:
    """A fact as it is reported, by the reporter's own `key`.

    With `once_per_key` the key alone tells a repeat, whatever else is said with it.
    """

    key: str
    member_id: int
    kind: Fact.Kind
    occurred_at: dt.datetime
    properties: dict[str, Any] = field(default_factory=dict)
    is_test: bool = False
    once_per_key: bool = False


@in_transaction
def fact_record(*, report: FactReport) -> tuple[Fact, bool]:
    """Record a fact; (fact, whether this is the first report). The same again returns the first.

    Raises FactConflict (same key, other contents) and BirthdayKnown. Locks nothing: the unique keys
    decide a race.
    """
    said = asdict(report)
    once_per_key = said.pop("once_per_key")
    contents = fingerprint(
        report.key if once_per_key else {**said, "occurred_at": report.occurred_at.isoformat()}
    )
    draft = Fact(
        **said,
        year=report.occurred_at.year if report.kind is Fact.Kind.BIRTHDAY else None,
        fingerprint=contents,
    )
    Fact.objects.bulk_create([draft], ignore_conflicts=True)
    reported = Fact.objects.filter(key=report.key, is_test=report.is_test)
    stored = reported.select_related("member").first()
    if stored is None:
        raise BirthdayKnown(pointer="/occurred_at")
    if stored.public_id != draft.public_id:
        if stored.fingerprint != contents:
            raise FactConflict(pointer="/key")
        return stored, False
    event_record(
        key=f"{events.PREFIX}.{stored.kind}:{stored.public_id}",
        kind=f"{events.PREFIX}.{stored.kind}",
        payload={"fact": stored.public_id, "member": stored.member.public_id},
        occurred_at=stored.occurred_at,
        is_test=stored.is_test,
    )
    return stored, True

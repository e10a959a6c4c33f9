"""Statements: made from what is due, confirmed or failed by the shop, once."""

import datetime as dt
from typing import Any

from apps.core.clock import engine_now
from apps.core.errors import Conflict
from apps.core.services import event_record
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.members.models import Member
from apps.obligations import events, rules, selectors
from apps.obligations.models import Deduction, Payable, Payout, PayoutLine

Status = Payout.Status


class PayoutResolved(Conflict):
    code = "payout_resolved"
    message = "This statement was resolved the other way already."


class PayoutChanged(Conflict):
    code = "payout_changed"
    message = "What this statement names has changed meanwhile. Try again."


def payouts_close(
    *, now: dt.datetime, is_test: bool = False, minimum_minor: int = 1, limit: int = BATCH
) -> int:
    """Make a statement for every member and currency with enough due before `now`; how many.

    At most for `limit` members. Each member's are a transaction of their own, so one that fails
    stops no other; must not run inside another. Again: no effect until more is due.
    """
    members = selectors.members_to_pay(
        until=now, is_test=is_test, minimum_minor=minimum_minor, limit=limit
    )

    def close(member_id: int) -> int:
        return len(
            member_payouts_close(member_id=member_id, until=now, minimum_minor=minimum_minor)
        )

    return each_due(members, close)


@in_transaction
def member_payouts_close(
    *, member_id: int, until: dt.datetime, minimum_minor: int = 1
) -> list[Payout]:
    """Make a member's statements of what was due before `until`, one per currency that has enough.

    None while an earlier one is open: what the shop may be paying just now is not asked for beside
    something else. Locks the member, their payables by pk, their deductions by pk.
    """
    member = Member.objects.select_for_update(of=("self",), no_key=True).get(pk=member_id)
    mine = Payable.objects.unstated().filter(member=member, due_at__lt=until)
    currencies = sorted(set(mine.values_list("currency", flat=True)))
    made = [_close(member, currency, until, minimum_minor) for currency in currencies]
    return [payout for payout in made if payout is not None]


def _close(member: Member, currency: str, until: dt.datetime, minimum_minor: int) -> Payout | None:
    earlier = Payout.objects.filter(member=member, currency=currency)
    if earlier.requested().exists():
        return None
    dues = list(
        Payable.objects.unstated()
        .filter(member=member, currency=currency, due_at__lt=until)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    owed = list(
        Deduction.objects.open()
        .filter(member=member, currency=currency)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    total = rules.statement_total(
        (due.left_minor for due in dues),
        (row.amount_minor for row in owed),
        minimum_minor=minimum_minor,
    )
    if total is None:
        return None
    last = earlier.exclude(status=Status.FAILED).order_by("-period_until").first()
    payout = Payout.objects.create(
        member=member,
        currency=currency,
        total_minor=total,
        period_from=last.period_until if last else None,
        period_until=until,
        requested_at=engine_now(),
    )
    _write_lines(payout, dues, owed)
    _report(events.PAYOUT_REQUESTED, payout, member, payout.requested_at)
    return payout


def _write_lines(payout: Payout, dues: list[Payable], owed: list[Deduction]) -> None:
    lines = [PayoutLine(payout=payout, payable=due, amount_minor=due.left_minor) for due in dues]
    lines += [
        PayoutLine(payout=payout, deduction=row, amount_minor=-row.amount_minor) for row in owed
    ]
    PayoutLine.objects.bulk_create(lines)
    taken = Payable.objects.unstated().filter(pk__in=[due.pk for due in dues])
    deducted = Deduction.objects.open().filter(pk__in=[row.pk for row in owed])
    if taken.update(payout=payout) != len(dues) or deducted.update(payout=payout) != len(owed):
        raise PayoutChanged()


@in_transaction
def payout_confirm(
    *, public_id: str, is_test: bool, note: str = "", reference: str = "", now: dt.datetime
) -> Payout:
    """The shop has paid this statement. Again: no effect.

    Raises PayoutUnknown, and PayoutResolved when it had failed. Locks the payout.
    """
    changes = {"note": note, "reference": reference, "confirmed_at": now}
    payout, changed = _resolve(public_id, is_test, Status.CONFIRMED, changes)
    if changed:
        _report(events.PAYOUT_CONFIRMED, payout, payout.member, now)
    return payout


@in_transaction
def payout_fail(*, public_id: str, is_test: bool, note: str = "", now: dt.datetime) -> Payout:
    """The shop could not pay this statement: the next one takes what it named. Again: no effect.

    What was taken back of its payables meanwhile is not owed after all. Raises PayoutUnknown, and
    PayoutResolved when it was confirmed. Locks the payout, its payables by pk, deductions.
    """
    payout, changed = _resolve(public_id, is_test, Status.FAILED, {"note": note, "failed_at": now})
    if changed:
        _let_go(payout, now)
        _report(events.PAYOUT_FAILED, payout, payout.member, now)
    return payout


def _resolve(
    public_id: str, is_test: bool, status: Status, changes: dict[str, Any]
) -> tuple[Payout, bool]:
    """Turn a requested statement into `status`; it, and whether this call did it."""
    payout = selectors.payout_by_public_id(public_id, is_test=is_test)
    changed = Payout.objects.requested().filter(pk=payout.pk).update(status=status, **changes)
    payout.refresh_from_db()
    if payout.status != status:
        raise PayoutResolved(f"This statement is {payout.status} already.")
    return payout, changed == 1


def _let_go(payout: Payout, now: dt.datetime) -> None:
    payables = list(
        Payable.objects.filter(payout=payout)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    emptied = [payable.pk for payable in payables if payable.left_minor == 0]
    Payable.objects.filter(payout=payout, pk__in=emptied).update(
        payout=None, status=Payable.Status.VOID
    )
    Payable.objects.filter(payout=payout).update(payout=None)
    # After the payables' locks, so that none of their take backs is missed.
    Deduction.objects.filter(payout=payout).update(payout=None)
    named = [payable.pk for payable in payables]
    Deduction.objects.open().filter(take_back__payable__in=named).update(released_at=now)
    PayoutLine.objects.filter(payout=payout).update(counts=False)


def _report(kind: str, payout: Payout, member: Member, moment: dt.datetime) -> None:
    event_record(
        key=f"{kind}:{payout.public_id}",
        kind=kind,
        payload={
            "payout": payout.public_id,
            "member": member.public_id,
            "total_minor": payout.total_minor,
            "currency": payout.currency,
        },
        occurred_at=moment,
        is_test=member.is_test,
    )

"""The cast of what the shop owes."""

import datetime as dt

from apps.core import invariants
from apps.members.models import Member
from apps.obligations import services
from apps.obligations.invariants import OBLIGATIONS
from apps.obligations.models import Payout

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)


def make_member(*, is_test: bool = False) -> Member:
    return Member.objects.create(is_test=is_test)


def promise(member: Member, amount: int, *, key: str, currency: str = "CNY") -> None:
    services.payable_pend(
        member_id=member.pk,
        amount_minor=amount,
        currency=currency,
        key=key,
        reference=f"grt_{key}",
        now=NOW,
    )


def earn(member: Member, amount: int, *, key: str, currency: str = "CNY") -> None:
    """Money that is due to the member."""
    promise(member, amount, key=key, currency=currency)
    services.payable_settle(key=key, now=NOW)


def take_back(key: str, amount: int, cause: str = "r1") -> services.TakenBack:
    return services.payable_take_back(key=key, amount_minor=amount, cause=cause, now=NOW)


def close(member: Member) -> Payout | None:
    """The member's next statement, if there is one."""
    made = services.member_payouts_close(member_id=member.pk, until=LATER)
    return made[0] if made else None


def statement(member: Member) -> Payout:
    payout = close(member)
    assert payout is not None
    return payout


def confirm(payout: Payout, note: str = "") -> Payout:
    return services.payout_confirm(
        public_id=payout.public_id, is_test=payout.member.is_test, note=note, now=NOW
    )


def fail(payout: Payout) -> Payout:
    return services.payout_fail(
        public_id=payout.public_id, is_test=payout.member.is_test, note="closed", now=NOW
    )


def paid(member: Member, amount: int, *, key: str) -> Payout:
    """A statement of this alone that the shop has paid."""
    earn(member, amount, key=key)
    return confirm(statement(member))


def broken_promises() -> list[str]:
    """What of our own promises is broken. Others expect a grant behind every payable."""
    return [
        breach.invariant.promise
        for breach in invariants.breaches()
        if breach.invariant in OBLIGATIONS
    ]

"""The cast of the ledger's tests."""

import datetime as dt
import itertools
from typing import Any

from apps.core import invariants
from apps.members.models import Member
from apps.points import services
from apps.points.invariants import POINTS
from apps.points.models import Reservation, Transfer

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)

_numbers = itertools.count(1)


def make_member() -> Member:
    return Member.objects.create()


def make_earner(points: int, *, expires_at: dt.datetime | None = None) -> Member:
    """A member with `points` to spend."""
    member = make_member()
    earn(member, points, key=f"welcome:{member.pk}", expires_at=expires_at)
    return member


def earn(
    member: Member, points: int, *, key: str, expires_at: dt.datetime | None = None
) -> services.Settled:
    pend(member, points, key=f"{key}:pend")
    return services.points_settle(
        member_id=member.pk,
        amount=points,
        key=f"{key}:settle",
        reference="grt_1",
        now=NOW,
        expires_at=expires_at,
    )


def pend(member: Member, points: int, *, key: str) -> None:
    services.points_pend(member_id=member.pk, amount=points, key=key, reference="grt_1", now=NOW)


def claw_back(member: Member, points: int, *, key: str) -> services.ClawedBack:
    return services.points_claw_back(
        member_id=member.pk, amount=points, key=key, reference="rfd_1", now=NOW
    )


def broken_promises() -> list[int]:
    """Which of the ledger's own promises are broken. Others expect a grant behind every point."""
    return [
        breach.invariant.number for breach in invariants.breaches() if breach.invariant in POINTS
    ]


def reserve(
    member: Member, points: int, *, order_id: str = "o1", key: str = "", **given: Any
) -> Reservation:
    return services.points_reserve(
        member_id=member.pk,
        amount=points,
        order_id=order_id,
        is_test=False,
        key=key or f"reserve:{next(_numbers)}",
        now=NOW,
        **given,
    )


def capture_order(member: Member, order_id: str) -> int:
    return services.points_capture_order(
        order_id=order_id, member_id=member.pk, is_test=False, now=NOW
    )


def return_order(order_id: str, *, refunded: int, paid: int) -> int:
    return services.points_return_order(
        order_id=order_id, is_test=False, refunded_minor=refunded, paid_minor=paid, now=NOW
    )


def spend(member: Member, points: int, *, key: str) -> Transfer:
    return services.points_spend(
        member_id=member.pk, amount=points, key=key, reference="exc_1", now=NOW
    )

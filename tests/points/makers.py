"""The cast of the ledger's tests."""

import datetime as dt

from apps.core import invariants
from apps.members.models import Member
from apps.points import services
from apps.points.invariants import POINTS

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)


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

"""The cast on the ladder: silver at 100, gold at 500, black at 2000; a period is 365 days."""

import datetime as dt
import itertools
from typing import Any

from apps.core import invariants
from apps.core.models import Event
from apps.members.models import Member
from apps.tiers import services
from apps.tiers.invariants import TIERS
from apps.tiers.models import Ladder, Membership, Tier

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
STEPS = {"silver": 100, "gold": 500, "black": 2000}

_numbers = itertools.count(1)


def make_ladder(*, is_test: bool = False, **given: Any) -> Ladder:
    ladder, _ = Ladder.objects.update_or_create(is_test=is_test, defaults=given)
    for rank, (code, threshold) in enumerate(STEPS.items(), 1):
        Tier.objects.get_or_create(
            ladder=ladder,
            code=code,
            defaults={"name": code.title(), "rank": rank, "threshold": threshold},
        )
    return ladder


def make_member(*, is_test: bool = False) -> Member:
    return Member.objects.create(is_test=is_test)


def grow(member: Member, amount: int, *, key: str = "", at: dt.datetime = NOW) -> Any:
    key = key or f"act:{next(_numbers)}"
    return services.growth_add(
        member_id=member.pk, amount=amount, key=key, reference=f"of:{key}", now=at
    )


def take_back(
    member: Member, amount: int, *, of: str = "", key: str = "", at: dt.datetime = NOW
) -> int:
    return services.growth_take_back(
        member_id=member.pk,
        amount=amount,
        key=key or f"refund:{next(_numbers)}",
        reference=f"of:{of}" if of else "",
        now=at,
    )


def stands(member: Member) -> tuple[str, int]:
    """The member's tier and growth."""
    row = Membership.objects.select_related("tier").get(member=member)
    return (row.tier.code if row.tier else "", row.growth)


def told(member: Member, kind: str = "tier.reached") -> list[tuple[str, bool]]:
    """The tiers that were announced, in order, and whether each was the first time."""
    events = Event.objects.filter(kind=kind, payload__member=member.public_id).order_by("pk")
    return [(event.payload["tier"], event.payload.get("first", False)) for event in events]


def broken_promises() -> list[str]:
    return [
        breach.invariant.promise for breach in invariants.breaches() if breach.invariant in TIERS
    ]

"""Reading tiers."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from apps.core.errors import NotFound
from apps.tiers import rules
from apps.tiers.models import Ladder, Membership, Tier, TierChange

HISTORY_SHOWN = 20


class TierUnknown(NotFound):
    code = "tier_unknown"
    message = "There is no such tier."


@dataclass(frozen=True)
class TierView:
    """A member's tier as it is shown: `next` is None at the top."""

    tier: Tier | None
    growth: int
    since: dt.datetime | None
    period_start: dt.datetime | None
    period_end: dt.datetime | None
    grace_until: dt.datetime | None
    next: Tier | None
    missing: int
    history: list[TierChange]


def tier_of(member_id: int) -> str:
    """The code of the member's present tier, empty for none."""
    code = Membership.objects.filter(member=member_id).values_list("tier__code", flat=True).first()
    return code or ""


def tiers_of(member_ids: Iterable[int]) -> dict[int, str]:
    """The codes of these members' tiers, in one query. Those without one are left out."""
    rows = Membership.objects.filter(member__in=list(member_ids), tier__isnull=False)
    return dict(rows.values_list("member_id", "tier__code"))


def tiers(*, is_test: bool) -> list[Tier]:
    """The ladder from the lowest tier up, with benefits."""
    rows = Tier.objects.filter(ladder__is_test=is_test)
    return list(rows.order_by("rank").prefetch_related("benefits"))


def tier_by_code(code: str, *, is_test: bool) -> Tier:
    """Raises TierUnknown."""
    tier = Tier.objects.filter(ladder__is_test=is_test, code=code).first()
    if tier is None:
        raise TierUnknown(f"There is no tier “{code}”.", pointer="/tier")
    return tier


def terms_of(ladder: Ladder) -> tuple[rules.Terms, dict[int, Tier]]:
    """A ladder as the rules want it, and its tiers by rank."""
    by_rank = {tier.rank: tier for tier in Tier.objects.filter(ladder=ladder).order_by("rank")}
    terms = rules.Terms(
        rungs=tuple(rules.Rung(t.code, t.rank, t.threshold) for t in by_rank.values()),
        period=dt.timedelta(days=ladder.period_days),
        grace=dt.timedelta(days=ladder.grace_days),
        straight=ladder.fall == Ladder.Fall.STRAIGHT,
    )
    return terms, by_rank


def tier_view(member_id: int, *, is_test: bool) -> TierView:
    """Where a member stands, the way to the next tier, and the last 20 changes."""
    rungs = {tier.rank: tier for tier in tiers(is_test=is_test)}
    member = Membership.objects.select_related("tier").filter(member=member_id).first()
    growth = member.growth if member else 0
    rank = member.tier.rank if member and member.tier else 0
    ladder = [rules.Rung(tier.code, tier.rank, tier.threshold) for tier in rungs.values()]
    way = rules.way_up(growth, rank, ladder)
    history = TierChange.objects.filter(member=member_id).select_related("tier").order_by("-pk")
    return TierView(
        tier=rungs.get(rank),
        growth=growth,
        since=member.since if member else None,
        period_start=member.period_start if member else None,
        period_end=member.period_end if member else None,
        grace_until=member.grace_until if member else None,
        next=rungs[way.rung.rank] if way else None,
        missing=way.missing if way else 0,
        history=list(history[:HISTORY_SHOWN]),
    )

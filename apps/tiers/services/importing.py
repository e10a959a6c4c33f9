"""Tiers that members held before the engine came."""

import datetime as dt
from dataclasses import replace

from apps.core.errors import Conflict, Invalid
from apps.core.transactions import in_transaction
from apps.tiers.models import TierChange
from apps.tiers.rules import Standing
from apps.tiers.selectors import tier_by_code
from apps.tiers.services.growth import GrowthConflict
from apps.tiers.services.standing import (
    Moved,
    membership_lock,
    memberships_advance,
    period_text,
    rungs_of,
    standing_of,
)


class TierAlreadyHigher(Conflict):
    code = "tier_already_higher"
    message = "The member has a higher tier by now."


class TierOver(Invalid):
    code = "tier_over"
    message = "The tier would be over already."


@in_transaction
def tier_import(
    *, member_id: int, tier: str, until: dt.datetime | None, key: str, now: dt.datetime
) -> TierChange:
    """Give a member the tier they held before, until then (None: a whole period).

    No event: nothing is rewarded. A tier they have already lasts the longer of the two. The same
    key again changes nothing. Raises TierUnknown, TierOver, TierAlreadyHigher, and GrowthConflict
    for a key of somebody else. Locks the membership.
    """
    membership = membership_lock(member_id, now)
    earlier = TierChange.objects.filter(import_key=key).first()
    if earlier is not None:
        if earlier.member_id != member_id:
            raise GrowthConflict()
        return earlier
    is_test = membership.member.is_test
    held = tier_by_code(tier, is_test=is_test)
    rungs = rungs_of(is_test=is_test)
    end = until or now + rungs.terms.period
    if end <= now:
        raise TierOver(pointer="/until")

    def hold(standing: Standing) -> Moved:
        if standing.rank > held.rank:
            raise TierAlreadyHigher(pointer="/tier")
        if standing.rank < held.rank:
            standing = replace(standing, since=now, period_start=now, period_end=end)
        elif standing.period_end is not None:
            standing = replace(standing, period_end=max(end, standing.period_end))
        return replace(standing, rank=held.rank, grace_until=None), []

    memberships_advance([membership], now, rungs, then=hold)
    now_standing = standing_of(membership)
    return TierChange.objects.create(
        member_id=member_id,
        kind=TierChange.Kind.IMPORTED,
        tier=held,
        period=period_text(now_standing.period_start),
        period_end=now_standing.period_end,
        import_key=key,
        occurred_at=now,
    )

"""Awards nobody has decided yet, against the caps and the budget as they are. Writes nothing."""

import datetime as dt
import zoneinfo
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Q

from apps.campaigns.granting import Kept, Supposed
from apps.campaigns.models import Campaign
from apps.campaigns.rules import Award, PolicyTerms
from apps.campaigns.selectors import budget_of
from apps.rewards.models import CapCounter
from apps.rewards.rules import Costs, Limits, Moment, caps_of, execute
from apps.rewards.services.instruments import LOCK_ORDER

# The order that nobody has reported. No row has such a key, so nothing is counted for it.
_NO_ORDER = 0


def would_keep_back(campaign: Campaign, supposed: Sequence[Supposed]) -> list[list[Kept]]:
    """What caps and the budget would keep back of each decision, if they were granted in this order."""
    budget = budget_of(campaign)
    amount = budget.amount_minor if budget else None
    left = amount - budget.used_minor if budget and amount is not None else None
    limits = Limits(Counter(), left)
    found = []
    for row in supposed:
        moment = supposed_moment(campaign, row.fact_at, of_order=row.of_order)
        known = counted_now(row.awards, row.terms, moment)
        limits.counts.update({key: known[key] for key in known if key not in limits.counts})
        done = execute(row.awards, row.terms, moment, costs_of(campaign), limits)
        found.append([Kept(kept.award, kept.reason) for kept in done.kept])
    return found


def supposed_moment(campaign: Campaign, at: dt.datetime, *, of_order: bool) -> Moment:
    """What caps ask about a fact of this moment: its day where the campaign is, and its order."""
    day = at.astimezone(zoneinfo.ZoneInfo(campaign.time_zone)).date().isoformat()
    return Moment(day, _NO_ORDER if of_order else None)


def costs_of(campaign: Campaign) -> Costs:
    return Costs(campaign.cost_of_1000_points_minor, LOCK_ORDER)


def counted_now(
    awards: Iterable[Award], terms: Mapping[str, PolicyTerms], moment: Moment
) -> dict[tuple[str, str], int]:
    """How far the caps that these awards count in are counted by now."""
    asked = Q(pk=None)
    for award in awards:
        for cap in caps_of(terms[award.policy], award.member_id, moment):
            asked |= Q(policy=award.policy, scope=cap.scope)
    rows = CapCounter.objects.filter(asked).values_list("policy", "scope", "count")
    return {(policy, scope): count for policy, scope, count in rows}

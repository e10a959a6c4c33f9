"""Counting ahead of whoever reads a report what does not add up by days."""

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.core.clock import engine_now
from apps.core.sweepers import each_due
from apps.core.transactions import in_transaction
from apps.reports.models import Ahead
from apps.reports.selectors.chain import mature_chain
from apps.reports.selectors.seeds import arms_of, terms_of

# What was counted of a campaign as of a moment, as JSON, and by which window.
Count = Callable[[Campaign, dt.datetime], tuple[dt.timedelta, Any]]

EVERY = dt.timedelta(minutes=10)
EVERY_ENDED = dt.timedelta(days=1)

# So that counting takes a hundredth of the time at the most.
_DUE = """
SELECT k.id FROM campaigns_campaign k
LEFT JOIN campaigns_experimentplan p ON p.campaign_id = k.id
LEFT JOIN reports_ahead a ON a.campaign_id = k.id AND a.what = %(what)s::text
WHERE k.status <> 'draft' AND {which}
  AND (a.within IS DISTINCT FROM {within}
       OR a.counted_at <= %(now)s::timestamptz - greatest(100 * a.took,
            CASE k.status WHEN 'ended' THEN %(ended)s::interval ELSE %(running)s::interval END))
"""
_OF = {
    Ahead.What.CHAIN: _DUE.format(which="true", within="k.attribution_window"),
    Ahead.What.SEEDS: _DUE.format(
        which="""EXISTS (
    SELECT FROM campaigns_variant v WHERE v.campaign_id = k.id AND v.is_holdout)""",
        within='coalesce(p."window", k.attribution_window)',
    ),
}


def ahead_count() -> int:
    """Count the chain of each campaign, and the seeds of each that keeps a holdout, which were not
    counted yet, by another window, or ten minutes ago (a day, once it has ended); how many."""
    chains = each_due(_due(Ahead.What.CHAIN), _count_chain)
    return chains + each_due(_due(Ahead.What.SEEDS), _count_seeds)


def _due(what: Ahead.What) -> list[int]:
    given = {"now": engine_now(), "running": EVERY, "ended": EVERY_ENDED, "what": what.value}
    return [campaign for (campaign,) in statements.run(_OF[what], given)]


@in_transaction
def _count_chain(campaign_id: int) -> int:
    return _count(Ahead.What.CHAIN, campaign_id, _chain)


@in_transaction
def _count_seeds(campaign_id: int) -> int:
    return _count(Ahead.What.SEEDS, campaign_id, _seeds)


def _count(what: Ahead.What, campaign_id: int, count: Count) -> int:
    """Two at once come to the same. Locks the row of what is counted."""
    statements.run("SET LOCAL statement_timeout = 0", {})
    campaign, now = Campaign.objects.get(pk=campaign_id), engine_now()
    began = time.monotonic()
    within, counted = count(campaign, now)
    took = dt.timedelta(seconds=time.monotonic() - began)
    told = {"within": within, "counted": counted, "took": took, "counted_at": now}
    Ahead.objects.update_or_create(campaign_id=campaign_id, what=what, defaults=told)
    return 1


def _chain(campaign: Campaign, now: dt.datetime) -> tuple[dt.timedelta, Any]:
    steps = mature_chain(campaign, now=now).steps
    return campaign.attribution_window, [[step.name, step.count] for step in steps]


def _seeds(campaign: Campaign, now: dt.datetime) -> tuple[dt.timedelta, Any]:
    window = terms_of(campaign).window
    arms = arms_of(campaign, window, now=now)
    return window, {variant: found.told() for variant, found in arms.items()}

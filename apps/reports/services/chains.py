"""Counting the chains of mature participants ahead of whoever reads the reports."""

import datetime as dt

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.core.clock import engine_now
from apps.core.sweepers import each_due
from apps.core.transactions import in_transaction
from apps.reports.models import MatureChain
from apps.reports.selectors.chain import mature_chain

EVERY = dt.timedelta(minutes=10)
EVERY_ENDED = dt.timedelta(days=1)

_DUE = """
SELECT k.id FROM campaigns_campaign k LEFT JOIN reports_maturechain c ON c.campaign_id = k.id
WHERE k.status <> 'draft'
  AND (c.within IS DISTINCT FROM k.attribution_window OR c.counted_at <=
       %(now)s::timestamptz - CASE k.status WHEN 'ended' THEN %(ended)s::interval
                              ELSE %(running)s::interval END)
"""


def chains_count() -> int:
    """Count each campaign's chain that was not counted yet, was by another window, or was ten minutes
    ago (a day, once the campaign has ended); how many."""
    given = {"now": engine_now(), "running": EVERY, "ended": EVERY_ENDED}
    return each_due([campaign for (campaign,) in statements.run(_DUE, given)], _count)


@in_transaction
def _count(campaign_id: int) -> int:
    """Two at once come to the same. Locks the chain's row."""
    campaign, now = Campaign.objects.get(pk=campaign_id), engine_now()
    steps = [[step.name, step.count] for step in mature_chain(campaign, now=now).steps]
    told = {"within": campaign.attribution_window, "steps": steps, "counted_at": now}
    MatureChain.objects.update_or_create(campaign_id=campaign_id, defaults=told)
    return 1

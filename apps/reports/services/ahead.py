"""Counting ahead of whoever reads a report what does not add up by days, or is simulated."""

import datetime as dt
import json
from collections.abc import Callable, Iterable

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.core.clock import engine_now
from apps.core.sweepers import each_due
from apps.core.transactions import in_transaction
from apps.reports.models import Ahead
from apps.reports.selectors import WholeReport, whole_report
from apps.reports.selectors.ahead import Found, What, counted
from apps.reports.selectors.chain import chain_told
from apps.reports.selectors.foreseeing import forecast_told
from apps.reports.selectors.seeds import arms_told, terms_of
from apps.reports.services import turns

Count = Callable[[Campaign, dt.datetime], Found]

EVERY = dt.timedelta(minutes=10)
EVERY_ENDED = dt.timedelta(days=1)
# What changes with each newcomer is counted again so soon after somebody came.
AT_LEAST = dt.timedelta(minutes=1)

# So many campaigns in one run: other sweepers wait for it, and the rest is due again a second later.
AT_ONCE = 20

# So that counting takes a hundredth of the time at the most.
_DUE = """
SELECT k.id FROM campaigns_campaign k
LEFT JOIN campaigns_experimentplan p ON p.campaign_id = k.id
LEFT JOIN reports_ahead a ON a.campaign_id = k.id AND a.what = %(what)s::text
WHERE k.status <> 'draft' AND {which}
  AND (%(campaign)s::bigint IS NULL OR k.id = %(campaign)s::bigint)
  AND (a.within IS DISTINCT FROM {within}
       OR a.counted_at <= %(now)s::timestamptz - greatest(100 * a.took, %(at_least)s::interval)
          AND (a.counted_at <= %(now)s::timestamptz - CASE k.status WHEN 'ended'
                 THEN %(ended)s::interval ELSE %(running)s::interval END
               OR {changed}))
ORDER BY a.counted_at NULLS FIRST, k.id LIMIT %(at_once)s
"""
_OF = {
    What.CHAIN: _DUE.format(which="true", within="k.attribution_window", changed="false"),
    What.SEEDS: _DUE.format(
        which="""EXISTS (
    SELECT FROM campaigns_variant v WHERE v.campaign_id = k.id AND v.is_holdout)""",
        within='coalesce(p."window", k.attribution_window)',
        changed="false",
    ),
    What.FORECAST: _DUE.format(
        which="true",
        within="k.attribution_window",
        changed="""(a.counted ->> 0)::bigint <> (
    SELECT coalesce(sum(r.confirmed), 0) FROM reports_arrival r WHERE r.campaign_id = k.id)""",
    ),
}


_KEEP = """
INSERT INTO reports_ahead AS a (campaign_id, what, within, counted, took, counted_at)
VALUES (%(campaign)s, %(what)s, %(within)s, %(counted)s::jsonb, %(took)s, %(counted_at)s)
ON CONFLICT (campaign_id, what) DO UPDATE
SET within = excluded.within, counted = excluded.counted, took = excluded.took,
    counted_at = excluded.counted_at
WHERE a.counted_at < excluded.counted_at
"""


def ahead_count() -> int:
    """Count the chain and the forecast of each campaign, and the seeds of each that keeps a holdout,
    which were not counted yet, by another window, or ten minutes ago (a day, once it has ended); the
    forecast a minute ago where it had other participants. The longest due come first, 20 of each; how
    many were counted."""
    steps = ((What.CHAIN, _chain_count), (What.SEEDS, _seeds_count), (What.FORECAST, _foresee))
    return sum(each_due(_due(what), step) for what, step in steps)


def _due(what: Ahead.What, campaign_id: int | None = None) -> list[int]:
    """The campaigns of which it is due, of all or of one."""
    given = {
        "what": what.value,
        "campaign": campaign_id,
        "now": engine_now(),
        "at_least": AT_LEAST,
        "running": EVERY,
        "ended": EVERY_ENDED,
        "at_once": AT_ONCE,
    }
    return [campaign for (campaign,) in statements.run(_OF[what], given)]


@in_transaction
def _chain_count(campaign_id: int) -> int:
    def count(campaign: Campaign, now: dt.datetime) -> Found:
        within = campaign.attribution_window
        return counted(What.CHAIN, within, lambda: chain_told(campaign, now=now), now=now)

    return _count(What.CHAIN, campaign_id, count)


@in_transaction
def _seeds_count(campaign_id: int) -> int:
    def count(campaign: Campaign, now: dt.datetime) -> Found:
        window = terms_of(campaign).window
        return counted(What.SEEDS, window, lambda: arms_told(campaign, window, now=now), now=now)

    return _count(What.SEEDS, campaign_id, count)


@in_transaction
def _foresee(campaign_id: int) -> int:
    def count(campaign: Campaign, now: dt.datetime) -> Found:
        within = campaign.attribution_window
        return counted(What.FORECAST, within, lambda: forecast_told(campaign, now=now), now=now)

    return _count(What.FORECAST, campaign_id, count)


def _count(what: Ahead.What, campaign_id: int, count: Count) -> int:
    """Count it and keep it, unless another does or has done so: 0 then. Takes the turn to count it,
    without waiting."""
    if not turns.ahead_take(campaign_id, what) or not _due(what, campaign_id):
        return 0
    statements.run("SET LOCAL statement_timeout = 0", {})
    _keep(campaign_id, count(Campaign.objects.get(pk=campaign_id), engine_now()))
    return 1


def report_read(*, campaign: Campaign, now: dt.datetime) -> WholeReport:
    """The whole report as of now. What of it nobody had counted ahead is kept for whoever comes next,
    unless somebody has counted it since."""
    report = whole_report(campaign, now=now)
    if report.new:
        _keep_all(campaign.pk, report.new)
    return report


@in_transaction
def _keep_all(campaign_id: int, found: Iterable[Found]) -> None:
    """In the order in which all keep them. Locks the row of each."""
    for each in sorted(found, key=lambda each: each.what):
        _keep(campaign_id, each)


def _keep(campaign_id: int, found: Found) -> None:
    told = {"what": found.what.value, "counted": json.dumps(found.counted)}
    given = {**vars(found), **told, "campaign": campaign_id}
    statements.run(_KEEP, given)

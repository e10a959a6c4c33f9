"""By what a campaign's rows are counted: its days, its window, and since when hours are kept."""

import datetime as dt
from dataclasses import dataclass

from apps.core import statements
from apps.reports.selectors.margins import RATES_NOW
from apps.reports.services.contributions import Given
from apps.reports.viral.multiplication import ROOT_BUCKETS

# The attribution window of a campaign `k`.
WINDOW_MINUTES = "greatest(floor(extract(epoch FROM k.attribution_window) / 60), 1)::int"

_TERMS = f"""
SELECT k.time_zone, {WINDOW_MINUTES}, r.hours_since,
       r.time_zone IS DISTINCT FROM k.time_zone OR r.window_minutes <> {WINDOW_MINUTES},
       date_trunc('day', %s::timestamptz - interval '72 hours', k.time_zone),
       m.rates::text, r.rates IS DISTINCT FROM m.rates
FROM campaigns_campaign k CROSS JOIN (SELECT {RATES_NOW} AS rates) m
LEFT JOIN reports_rolled r ON r.campaign_id = k.id WHERE k.id = %s
"""
_FORGET_HOURS = """
WITH kept AS (UPDATE reports_rolled SET hours_since = %(since)s WHERE campaign_id = %(campaign)s),
cell AS (DELETE FROM reports_cell WHERE {old})
DELETE FROM reports_pair WHERE {old}
""".format(old="campaign_id = %(campaign)s AND grain = 'hour' AND slot < %(since)s")


@dataclass(frozen=True)
class Terms:
    """`changed`: the rows there are were counted by others, or there are none; `rates_changed`: those
    of what was sold. `rates` is JSON, basis points by tag."""

    campaign_id: int
    time_zone: str
    window_minutes: int
    hours_since: dt.datetime
    changed: bool
    rates: str
    rates_changed: bool

    def given(self) -> Given:
        """As parameters."""
        return {
            "campaign": self.campaign_id,
            "zone": self.time_zone,
            "window": self.window_minutes,
            "hours_since": self.hours_since,
            "buckets": ROOT_BUCKETS,
            "rates": self.rates,
        }


def terms_kept(campaign_id: int, *, now: dt.datetime) -> Terms:
    """The terms of a campaign, once hours that are 72 hours ago by a day or more are forgotten.

    Hours move on here alone, so that rows built anew have just those of the rows before. In the
    campaign's turn.
    """
    [found] = statements.run(_TERMS, [now, campaign_id])
    time_zone, window, since, changed, latest, *rates = found
    if changed:
        return Terms(campaign_id, time_zone, window, latest, changed, *rates)
    if since < latest:
        statements.run(_FORGET_HOURS, {"since": latest, "campaign": campaign_id})
    return Terms(campaign_id, time_zone, window, max(since, latest), changed, *rates)

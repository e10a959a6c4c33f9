"""Where a campaign leads: the forecast of its participants, simulated ahead of whoever reads."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from apps.campaigns.models import Campaign
from apps.reports.models import Ahead
from apps.reports.selectors import rolled
from apps.reports.selectors.ahead import Kept
from apps.reports.selectors.spreading import Spreading, spreading
from apps.reports.viral import forecast
from apps.reports.viral.figures import Reason, absent
from apps.reports.viral.forecast import Forecast, Law, Living

HOURS_A_DAY = 24


def forecast_told(campaign: Campaign, *, now: dt.datetime) -> list[Any]:
    """Where the campaign will end, as of now and from the rollups, as JSON."""
    confirmed = sum(row.confirmed for row in rolled.arrived(campaign))
    return forecast_of(confirmed, spreading(campaign, now=now)).told()


def forecast_counted(
    campaign: Campaign, kept: Kept, participants: int, spreading: Spreading, *, now: dt.datetime
) -> tuple[Forecast, dt.datetime]:
    """The same as it was counted last, and when: a minute ago where people come, ten where nobody
    does, while workers run. Of these people, who spread so, where it was not counted yet, by another
    window, or more than an hour ago. Days are from today on, in the campaign's zone."""
    within = campaign.attribution_window
    found = kept.read(
        Ahead.What.FORECAST, within, lambda: forecast_of(participants, spreading).told()
    )
    zone = ZoneInfo(campaign.time_zone)
    since = now.astimezone(zone).date() - found.counted_at.astimezone(zone).date()
    return Forecast.of(found.counted).later(since.days), found.counted_at


def forecast_of(participants: int, spreading: Spreading) -> Forecast:
    """Where these people, who spread so, will end."""
    if spreading.delays is None:
        why = "nobody’s attribution window is over, and no earlier campaign tells how delays are spread"
        return Forecast(participants, absent(Reason.TOO_EARLY, why), ())
    return forecast.forecast(
        participants,
        (living(spreading, seeds=True), Law.of(spreading.seeds)),
        (living(spreading, seeds=False), Law.of(spreading.k)),
        spreading.delays,
    )


def living(spreading: Spreading, *, seeds: bool) -> Living:
    """Seeds, or the others, by the hour of their age, with what they have brought."""
    found = spreading.everybody
    mine = (found.generation == 0) == seeds
    rows, hours = found.rows, np.round(found.age[mine] * HOURS_A_DAY)
    ages, group = np.unique(hours, return_inverse=True)
    people, referees = rows.n[mine], rows.referees[mine]
    return Living.of(
        ages / HOURS_A_DAY,
        np.bincount(group, weights=referees * people),
        np.bincount(group, weights=people),
    )

"""What came to a campaign day by day, in its own time zone: people, and what was promised them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Coalesce, TruncDate

from apps.campaigns.models import Campaign
from apps.rewards.models import Grant

SECONDS_AN_HOUR = 3600


@dataclass(frozen=True)
class Hours:
    """Confirmed participants alike in the hour they were confirmed in, in being seeds, and in how many
    referees came to them within the attribution window: one entry each, the earliest hour first.

    `day` is the hour's day in the campaign's zone, `age` how many days before now the middle of the
    hour was.
    """

    day: tuple[dt.date, ...]
    age: tuple[float, ...]
    seed: tuple[bool, ...]
    referees: tuple[int, ...]
    people: tuple[int, ...]


_HOURS_SQL = """
SELECT date_trunc('hour', p.confirmed_at, %(zone)s), p.generation = 0, coalesce(c.referees, 0), count(*)
FROM invites_participant p
LEFT JOIN (
    SELECT c.referrer_id, count(*) AS referees
    FROM invites_participant c JOIN invites_participant r ON r.id = c.referrer_id
    WHERE c.campaign_id = %(campaign)s AND c.status = 'confirmed' AND r.status = 'confirmed'
      AND c.confirmed_at < r.confirmed_at + %(window)s + interval '1 minute'
    GROUP BY c.referrer_id
) c ON c.referrer_id = p.id
WHERE p.campaign_id = %(campaign)s AND p.status = 'confirmed'
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


def hours(campaign: Campaign, *, now: dt.datetime) -> Hours:
    """One grouped query."""
    given: dict[str, Any] = {
        "campaign": campaign.pk,
        "zone": campaign.time_zone,
        "window": campaign.attribution_window,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HOURS_SQL, given)
        columns: Any = list(zip(*cursor.fetchall(), strict=True)) or [()] * 4
    starts, seed, referees, people = columns
    zone = ZoneInfo(campaign.time_zone)
    return Hours(
        tuple(start.astimezone(zone).date() for start in starts),
        tuple(_middle_ago(start, now) for start in starts),
        tuple(seed),
        tuple(int(count) for count in referees),
        tuple(int(count) for count in people),
    )


def _middle_ago(start: dt.datetime, now: dt.datetime) -> float:
    """Days since the middle of the hour, or of the part of it that has passed."""
    end = min(start + dt.timedelta(hours=1), max(now, start))
    return max((now - start - (end - start) / 2).total_seconds(), 0) / (24 * SECONDS_AN_HOUR)


@dataclass(frozen=True)
class Grown:
    """Participants at the end of each day from the first to today, and those of them who are seeds."""

    days: tuple[dt.date, ...]
    everybody: tuple[int, ...]
    seeds: tuple[int, ...]


def grown(counted: Hours, *, today: dt.date) -> Grown:
    """Add the hours up, day by day. Empty without anybody."""
    all_days = _every_day(counted.day, today)
    came = dict.fromkeys(all_days, 0)
    seeds = dict.fromkeys(all_days, 0)
    for day, is_seed, people in zip(counted.day, counted.seed, counted.people, strict=True):
        came[day] += people
        seeds[day] += people if is_seed else 0
    return Grown(all_days, _added_up(came.values()), _added_up(seeds.values()))


@dataclass(frozen=True)
class Spent:
    """What rewards had cost by the end of each day, in minor units, less what was taken back since:
    promised (by the day they were granted), and settled of that (by the day they were)."""

    days: tuple[dt.date, ...]
    promised: tuple[int, ...]
    settled: tuple[int, ...]


def spent(campaign: Campaign, *, today: dt.date) -> Spent:
    """Two grouped queries."""
    zone = ZoneInfo(campaign.time_zone)
    promised = _costs_by_day(campaign, "granted_at", zone)
    settled = _costs_by_day(campaign, "settled_at", zone)
    all_days = _every_day([*promised, *settled], today)
    return Spent(
        all_days,
        _added_up(promised.get(day, 0) for day in all_days),
        _added_up(settled.get(day, 0) for day in all_days),
    )


def _costs_by_day(campaign: Campaign, moment: str, zone: ZoneInfo) -> dict[dt.date, int]:
    rows = (
        Grant.objects.filter(campaign=campaign, **{f"{moment}__isnull": False})
        .annotate(day=TruncDate(moment, tzinfo=zone))
        .values("day")
        .annotate(cost=Coalesce(Sum("cost_minor"), 0))
    )
    return {row["day"]: int(row["cost"]) for row in rows}


def _every_day(days: Iterable[dt.date], today: dt.date) -> tuple[dt.date, ...]:
    """From the first of them to today, none left out."""
    first = min(days, default=None)
    if first is None:
        return ()
    last = max(today, *days)
    return tuple(first + dt.timedelta(days=n) for n in range((last - first).days + 1))


def _added_up(counts: Iterable[int]) -> tuple[int, ...]:
    total, totals = 0, []
    for count in counts:
        total += count
        totals.append(total)
    return tuple(totals)

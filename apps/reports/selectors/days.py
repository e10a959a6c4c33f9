"""What came to a campaign day by day, in its own time zone: people, and what was promised them."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from apps.campaigns.models import Campaign
from apps.reports.models import Moment
from apps.reports.selectors import rolled
from apps.reports.selectors.rolled import Rewarded

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@dataclass(frozen=True)
class Slots:
    """Confirmed participants alike in the slot they were confirmed in (an hour of late, else a day), in
    being seeds, and in how many referees came to them within the attribution window: one entry each,
    the earliest slot first.

    `day` is the slot's day in the campaign's zone, `age` how many days before now the middle of the
    slot was.
    """

    day: tuple[dt.date, ...]
    age: tuple[float, ...]
    seed: tuple[bool, ...]
    referees: tuple[int, ...]
    people: tuple[int, ...]


def slots(campaign: Campaign, *, now: dt.datetime) -> Slots:
    """From the rollups, in one query."""
    rows = rolled.slots(campaign, now)
    zone = ZoneInfo(campaign.time_zone)
    days = {start: start.astimezone(zone).date() for start in {row[0] for row in rows}}
    ages = {
        slot: _middle_ago(slot[0], HOUR if slot[1] else DAY, now)
        for slot in {row[:2] for row in rows}
    }
    return Slots(
        tuple(days[row[0]] for row in rows),
        tuple(ages[row[:2]] for row in rows),
        tuple(is_seed for _, _, is_seed, _, _ in rows),
        tuple(referees for *_, referees, _ in rows),
        tuple(people for *_, people in rows),
    )


def _middle_ago(start: dt.datetime, width: dt.timedelta, now: dt.datetime) -> float:
    """Days since the middle of a slot, or of the part of it that has passed."""
    end = min(start + width, max(now, start))
    return max((now - start - (end - start) / 2) / DAY, 0.0)


@dataclass(frozen=True)
class Grown:
    """Participants at the end of each day from the first to today, and those of them who are seeds."""

    days: tuple[dt.date, ...]
    everybody: tuple[int, ...]
    seeds: tuple[int, ...]


def grown(counted: Slots, *, today: dt.date) -> Grown:
    """Add the slots up, day by day. Empty without anybody."""
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


def spent(rewards: Iterable[Rewarded], zone: ZoneInfo, *, today: dt.date) -> Spent:
    """Add the costs up, day by day of the zone."""
    costs: dict[str, Counter[dt.date]] = {moment: Counter() for moment in Moment.values}
    for row in rewards:
        costs[row.moment][row.day.astimezone(zone).date()] += row.cost
    promised, settled = costs[Moment.GRANTED], costs[Moment.SETTLED]
    all_days = _every_day([*promised, *settled], today)
    return Spent(
        all_days,
        _added_up(promised[day] for day in all_days),
        _added_up(settled[day] for day in all_days),
    )


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

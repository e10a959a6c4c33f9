"""What came to a campaign day by day, in its own time zone: people, and what was promised them."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from apps.campaigns.models import Campaign
from apps.reports.models import Moment
from apps.reports.selectors import rolled
from apps.reports.selectors.rolled import Rewarded
from apps.reports.viral.figures import Bools, Floats, Ints

SECONDS_A_DAY = 86_400


@dataclass(frozen=True, eq=False)
class Slots:
    """Confirmed participants alike in the slot they were confirmed in (an hour of late, else a day), in
    being seeds, and in how many referees came to them within the attribution window.

    `day` is the slot's day in the campaign's zone, as an ordinal of Python's; `age` how many days
    before now the middle of the slot was.
    """

    day: Ints
    age: Floats
    seed: Bools
    referees: Ints
    people: Ints


def days_of(campaign: Campaign, found: rolled.Slots, *, now: dt.datetime) -> Slots:
    """The same by the campaign's own days."""
    zone, seconds = ZoneInfo(campaign.time_zone), now.timestamp()
    starts, row = np.unique(found.start, return_inverse=True)
    days = [dt.datetime.fromtimestamp(start, zone).toordinal() for start in starts.tolist()]
    # The middle of a slot, or of the part of it that has passed.
    passed = np.minimum(60 * found.width, np.maximum(seconds - found.start, 0))
    return Slots(
        np.array(days, dtype=np.int64)[row],
        np.maximum(seconds - found.start - passed / 2, 0) / SECONDS_A_DAY,
        found.generation == 0,
        found.referees,
        found.people,
    )


@dataclass(frozen=True)
class Grown:
    """Participants at the end of each day from the first to today, and those of them who are seeds."""

    days: tuple[dt.date, ...]
    everybody: tuple[int, ...]
    seeds: tuple[int, ...]


def grown(counted: Slots, *, today: dt.date) -> Grown:
    """Add the slots up, day by day. Empty without anybody."""
    if not len(counted.day):
        return Grown((), (), ())
    first = int(counted.day.min())
    last = max(today.toordinal(), int(counted.day.max()))
    number = counted.day - first
    everybody, seeds = (
        np.bincount(number, weights=people, minlength=last - first + 1).astype(np.int64).cumsum()
        for people in (counted.people, counted.people * counted.seed)
    )
    days = tuple(dt.date.fromordinal(day) for day in range(first, last + 1))
    return Grown(days, tuple(everybody.tolist()), tuple(seeds.tolist()))


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

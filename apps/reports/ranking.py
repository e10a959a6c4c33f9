"""Leaderboards: which days count, and who stands where. Pure."""

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

MOST_SHOWN = 100
EARLIEST, LATEST = (
    dt.date(1970, 1, 1),
    dt.date(9000, 12, 31),
)  # in any time zone there is a midnight


class Period(StrEnum):
    """What a leaderboard counts: everything, or the week or the month that is under way."""

    ALL = "all"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Days:
    """From the first day to the last, both counted; None is without an end."""

    first: dt.date | None = None
    last: dt.date | None = None

    def instants(self, time_zone: str) -> tuple[dt.datetime | None, dt.datetime | None]:
        """[from, until) in this time zone: midnight of the first day, midnight after the last."""
        after = self.last + dt.timedelta(days=1) if self.last else None
        return _midnight(self.first, time_zone), _midnight(after, time_zone)


def days_of(period: Period, now: dt.datetime, time_zone: str) -> Days:
    """The days of a period under way at `now`, in this time zone. Weeks begin on Monday."""
    today = now.astimezone(zoneinfo.ZoneInfo(time_zone)).date()
    if period is Period.WEEK:
        monday = today - dt.timedelta(days=today.weekday())
        return Days(monday, monday + dt.timedelta(days=6))
    if period is Period.MONTH:
        first = today.replace(day=1)
        following = (first + dt.timedelta(days=32)).replace(day=1)
        return Days(first, following - dt.timedelta(days=1))
    return Days()


def _midnight(day: dt.date | None, time_zone: str) -> dt.datetime | None:
    zone = zoneinfo.ZoneInfo(time_zone)
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC) if day else None


@dataclass(frozen=True)
class Rung:
    """So many participants brought so many referees each."""

    referees: int
    participants: int


@dataclass(frozen=True)
class Place:
    """Where somebody stands. Who brought as many shares the rank: 1, 1, 3."""

    rank: int
    participant: int
    referees: int


@dataclass(frozen=True)
class Standings:
    """The best, in order, and all rungs, the highest first, by which anybody's rank is known."""

    places: tuple[Place, ...]
    rungs: tuple[Rung, ...]

    @property
    def participants(self) -> int:
        """How many stand anywhere: who brought nobody has no rank."""
        return sum(rung.participants for rung in self.rungs)

    def rank_of(self, referees: int) -> int | None:
        """The rank of whoever brought so many; None of who brought nobody."""
        if referees < 1:
            return None
        return 1 + sum(rung.participants for rung in self.rungs if rung.referees > referees)

    def best(self, size: int) -> "Standings":
        """The same, with at most so many places."""
        return Standings(self.places[:size], self.rungs)

    @property
    def tied_and_not_shown(self) -> int:
        """How many share the last place's rank and found no room beside it."""
        if not self.places:
            return 0
        last = self.places[-1]
        all_there = sum(r.participants for r in self.rungs if r.referees == last.referees)
        return all_there - sum(place.rank == last.rank for place in self.places)


def standings(counted: Sequence[tuple[int, int]], rungs: Sequence[Rung]) -> Standings:
    """Rank (participant, referees), which are in order, the most first."""
    places: list[Place] = []
    for referees, tied in groupby(counted, key=lambda pair: pair[1]):
        rank = len(places) + 1
        places += [Place(rank, participant, referees) for participant, _ in tied]
    return Standings(tuple(places), tuple(rungs))

"""Cohort retention: of those who joined in a period, the share active n periods later.

Each member's periods run from their own joining, and a cell is filled only once every member of the
cohort can have had the whole period: younger cells are blank, not low. Intervals are Wilson's (1927,
J. Am. Stat. Assoc. 22:209), which assume members act independently.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.reports.viral.figures import (
    Figure,
    Ints,
    Reason,
    Z,
    absent,
    counts,
    floats,
    same_length,
)


@dataclass(frozen=True)
class Cohort:
    """Who joined in [start, start + period), and the share active in each period after."""

    start: float
    members: int
    cells: tuple[Figure, ...]


def share(part: int, whole: int) -> Figure:
    """part ÷ whole with Wilson's 95 % interval; n/a of nobody."""
    if not whole:
        return absent(Reason.NOT_APPLICABLE, "nobody joined in this period")
    z2 = Z**2
    p = part / whole
    centre = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    half = math.sqrt(z2 * (p * (1 - p) / whole + z2 / (4 * whole**2))) / (1 + z2 / whole)
    low = 0.0 if part == 0 else min(centre - half, p)
    high = 1.0 if part == whole else max(centre + half, p)
    return Figure(p, max(low, 0.0), min(high, 1.0))


def cell(active: int, members: int, *, over: bool) -> Figure:
    """The share active in a period; too early until it is `over` for everybody of the cohort."""
    if not over:
        return absent(Reason.TOO_EARLY, "not everybody has had this period yet")
    return share(active, members)


def retention(
    joined: Any, member: Any, active: Any, *, period: float, now: float, start: float = 0.0
) -> tuple[Cohort, ...]:
    """Retention by cohort of `period` days from `start` to `now`; all times in days.

    `joined` holds a time per member; `member` (a position in it) and `active` an entry per act. Acts
    before joining or after `now` count nowhere. Raises ValueError for a period of nothing, a member
    who is not there or joined before `start`.
    """
    since, who = floats(joined, "joined"), counts(member, "member")
    when = floats(active, "active")
    same_length(member=who, active=when)
    if period <= 0:
        raise ValueError("period: more than zero days are needed")
    if len(who) and who.max() >= len(since):
        raise ValueError("member: each is a position in joined")
    if (since < start).any():
        raise ValueError("joined: nobody joined before the start")
    cohorts = max(math.ceil((now - start) / period), 0)
    sizes = np.bincount(_period(since[since < now] - start, period), minlength=cohorts)
    table = _active(since, who, when, cohorts, period, now, start)
    return tuple(
        _cohort(start + row * period, int(sizes[row]), table[row], period, now)
        for row in range(cohorts)
    )


def _period(days: Any, period: float) -> Ints:
    return np.asarray(np.floor_divide(days, period), dtype=np.int64)


def _active(
    since: Any, who: Ints, when: Any, cohorts: int, period: float, now: float, start: float
) -> Ints:
    """Members active by [cohort, periods since joining], each counted once."""
    kept = (when >= since[who]) & (when <= now) & (since[who] < now)
    row = _period(since[who[kept]] - start, period)
    column = _period(when[kept] - since[who[kept]], period)
    once = np.unique(np.stack([who[kept], row, column]), axis=1)
    table = np.zeros((cohorts, cohorts + 1), np.int64)
    np.add.at(table, (once[1], np.minimum(once[2], cohorts)), 1)
    return table


def _cohort(start: float, members: int, active: Ints, period: float, now: float) -> Cohort:
    cells = tuple(
        cell(int(number), members, over=start + period * (column + 2) <= now + 1e-9)
        for column, number in enumerate(active[:-1])
    )
    return Cohort(start, members, cells)

"""RFM: recency, frequency and money of each member in five steps, and the segment they make.

Hughes 1994 (Strategic Database Marketing): a ranking among these members, no probability and no
forecast (see `lifetime` for those). Scores are fifths by rank, 5 the best; ties share a score, so
with few distinct values some scores stay empty.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import scipy

from apps.reports.viral.figures import Floats, Ints, floats, same_length

STEPS = 5


class Segment(StrEnum):
    """What an operator may want to do differently for."""

    CHAMPIONS = "champions"
    LOYAL = "loyal"
    NEW = "new"
    PROMISING = "promising"
    NEEDING_ATTENTION = "needing attention"
    AT_RISK = "at risk"
    LOST = "lost"


@dataclass(frozen=True, eq=False)
class Scores:
    """A score of 1…5 in each respect, and the segment, one per member in the given order."""

    recency: Ints
    frequency: Ints
    money: Ints
    segments: tuple[Segment, ...]

    def sizes(self) -> dict[Segment, int]:
        """How many members each segment has; all of them, also the empty ones."""
        return {segment: self.segments.count(segment) for segment in Segment}


def scores(days_since: Any, orders: Any, spent: Any) -> Scores:
    """Scores and segments of members with at least one order. Raises ValueError where they do not
    belong together; nobody gives empty ones."""
    since, often, much = (
        floats(days_since, "days_since"),
        floats(orders, "orders"),
        floats(spent, "spent"),
    )
    same_length(days_since=since, orders=often, spent=much)
    recency, frequency, money = _fifths(-since), _fifths(often), _fifths(much)
    worth = (frequency + money + 1) // 2
    segments = tuple(_segment(int(r), int(w)) for r, w in zip(recency, worth, strict=True))
    return Scores(recency, frequency, money, segments)


def _fifths(values: Floats) -> Ints:
    if not len(values):
        return np.zeros(0, np.int64)
    middle = (scipy.stats.rankdata(values) - 0.5) / len(values)
    return np.asarray(1 + np.floor(STEPS * middle), dtype=np.int64)


def _segment(recency: int, worth: int) -> Segment:
    """By recency, and by frequency and money together."""
    if recency >= 4:
        if worth >= 4:
            return Segment.CHAMPIONS
        return Segment.PROMISING if worth >= 2 else Segment.NEW
    if recency == 3:
        return Segment.LOYAL if worth >= 4 else Segment.NEEDING_ATTENTION
    return Segment.AT_RISK if worth >= 3 else Segment.LOST

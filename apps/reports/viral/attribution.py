"""Who gets the credit for a referee who met several people: every rule gives 1 per referee.

The rules are the field's usual ones (Shao & Li 2011, KDD, survey them): they describe, none of them
measures what a touch caused. The primary parent, who sets the tree, stays what the campaign says.
"""

from enum import StrEnum
from typing import Any

import numpy as np

from apps.reports.viral.figures import Floats, Ints, counts, floats, same_length

HALF_LIFE_DAYS = 7.0
ENDS = 0.4  # what the first and the last touch get each where there are three or more


class Credit(StrEnum):
    """How the credit of one referee is shared among their touches."""

    FIRST = "first touch"
    LAST = "last touch"
    LINEAR = "all alike"
    POSITION = "first and last 40 % each, the rest between"
    DECAY = "half as much for each week before the last"


def credit(referee: Any, at: Any, rule: Credit) -> Floats:
    """The share of each touch, by the referee it brought and its time in days, in the given order.

    Touches at the same time count in the order given. The shares of a referee sum to 1.
    """
    who, when = counts(referee, "referee"), floats(at, "at")
    same_length(referee=who, at=when)
    if not len(who):
        return np.zeros(0)
    order = np.lexsort((np.arange(len(who)), when, who))
    starts = np.flatnonzero(np.diff(who[order], prepend=-1))
    sizes = np.diff(np.append(starts, len(who)))
    size = np.repeat(sizes, sizes)
    place = np.arange(len(who)) - np.repeat(starts, sizes)
    last = np.repeat(when[order][starts + sizes - 1], sizes)
    weight = _weight(rule, place, size, last - when[order])
    share = weight / np.repeat(np.add.reduceat(weight, starts), sizes)
    given = np.empty(len(who))
    given[order] = share
    return given


def _weight(rule: Credit, place: Ints, size: Ints, before: Floats) -> Floats:
    """What each touch weighs, by its place among its referee's and the days before the last."""
    if rule is Credit.FIRST:
        return np.where(place == 0, 1.0, 0.0)
    if rule is Credit.LAST:
        return np.where(place == size - 1, 1.0, 0.0)
    if rule is Credit.LINEAR:
        return np.ones(len(place))
    if rule is Credit.DECAY:
        return np.asarray(np.exp2(-before / HALF_LIFE_DAYS))
    between = (1 - 2 * ENDS) / np.maximum(size - 2, 1)
    at_end = (place == 0) | (place == size - 1)
    return np.where(at_end, ENDS, between)


def by_referrer(share: Any, referrer: Any, participants: int) -> Floats:
    """The credit of each participant 0…`participants` − 1; feed it to
    `multiplication.under_credit` for K under this rule."""
    given, who = floats(share, "share"), counts(referrer, "referrer")
    same_length(share=given, referrer=who)
    if (who >= participants).any():
        raise ValueError("referrer: each is a participant's position")
    return np.bincount(who, weights=given, minlength=participants).astype(np.float64)

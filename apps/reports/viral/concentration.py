"""Who carries the spread: the smallest share of participants who made 80 % of the referees.

Read beside what a negative binomial and a Poisson with the same K would give: close to the first
means a stable few, close to the second mere chance. Lloyd-Smith et al. 2005 (Nature 438:355); the
form for counts is Endo et al. 2020 (Wellcome Open Res. 5:67).
"""

import math
from dataclasses import dataclass

import numpy as np

from apps.reports.viral.figures import Figure, Floats, Reason, absent
from apps.reports.viral.offspring import Offspring, log_pmf

MOST = 0.8
_LEFT_OUT = 1e-10  # of all chances, by the counts nobody looks at
_MOST_COUNTS = 2**20


@dataclass(frozen=True)
class Concentration:
    """The share that made `most` of the referees: here, and as two models would have it."""

    observed: Figure
    negative_binomial: Figure
    poisson: Figure


def smallest_share(referees: Floats, people: Floats, most: float = MOST) -> float:
    """The share of `people` (by their number of `referees` each) needed for `most` of all
    referees, the busiest first; of those at the margin only as many as are needed."""
    order = np.argsort(-referees)
    made = np.cumsum((referees * people)[order])
    needed = most * made[-1]
    place = int(np.searchsorted(made, needed - 1e-12 * made[-1]))
    before = float(made[place - 1]) if place else 0.0
    busier = float(people[order][:place].sum())
    at_margin = (float(needed) - before) / float(referees[order][place])
    return (busier + at_margin) / float(people.sum())


def expected(mean: float, k: float, most: float = MOST) -> float:
    """The same share where counts are NB(mean, size k), Poisson at infinite k."""
    chances, size = np.zeros(1), 64
    while 1 - chances.sum() > _LEFT_OUT and size < _MOST_COUNTS:
        size *= 2
        counts = np.arange(size, dtype=np.float64)
        chances = np.exp(log_pmf(counts, mean, k))
    return smallest_share(counts, chances, most)


def concentration(rows: Offspring, k: float | None, most: float = MOST) -> Concentration:
    """Observed beside expected, over everybody who had time to bring somebody. n/a without
    referees; the negative binomial's is n/a where k cannot be told."""
    rows = rows.seen()
    if not rows.total_referees:
        nothing = absent(Reason.NOT_APPLICABLE, "nobody has brought anybody yet")
        return Concentration(nothing, nothing, nothing)
    mean = rows.total_referees / rows.participants
    observed = smallest_share(rows.referees.astype(np.float64), rows.n.astype(np.float64), most)
    uneven = (
        absent(Reason.NOT_APPLICABLE, "k cannot be told")
        if k is None
        else Figure(expected(mean, k, most))
    )
    return Concentration(Figure(observed), uneven, Figure(expected(mean, math.inf, most)))


@dataclass(frozen=True)
class CurvePoint:
    """The busiest `participants` (a share) made this share of the `referees`."""

    participants: float
    referees: float


def curve(rows: Offspring) -> tuple[CurvePoint, ...]:
    """The concentration curve, one point per distinct number of referees, from (0, 0) to (1, 1);
    empty without referees."""
    rows = rows.seen()
    if not rows.total_referees:
        return ()
    distinct, row = np.unique(-rows.referees, return_inverse=True)
    people = np.cumsum(np.bincount(row, weights=rows.n))
    made = np.cumsum(-distinct * np.bincount(row, weights=rows.n))
    points = zip(people / people[-1], made / made[-1], strict=True)
    return (CurvePoint(0.0, 0.0), *(CurvePoint(float(x), float(y)) for x, y in points))

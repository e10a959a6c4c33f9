"""How unevenly participants bring referees: the negative binomial of offspring counts.

X_i ~ NB(mean K·F_i, size k): each participant has a pull of their own, gamma distributed with shape
k, and brings referees at random at that rate while F_i of their time has passed. Small k: a few
bring most of the others; k → ∞: everybody pulls alike (Poisson). Lloyd-Smith et al. 2005, Nature
438:355. Assumes that pulls are independent of each other and of age.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy
from scipy.special import gammaln, xlogy

from apps.reports.viral import likelihood
from apps.reports.viral.figures import Figure, Floats, Ints, Reason, Z, absent, counts, floats
from apps.reports.viral.figures import same_length as _same_length

LEAST = 1e-4  # a smaller share of the window is none


@dataclass(frozen=True, eq=False)
class Offspring:
    """`n` participants each with `referees` X and `exposure` F, the share of their window gone by.

    Rows may be people (n = 1) or cells of a rollup. Raises ValueError where they do not fit.
    """

    referees: Ints
    exposure: Floats
    n: Ints

    @classmethod
    def of(cls, referees: Any, exposure: Any = None, n: Any = None) -> Self:
        """Rows from anything array-like; full exposure and one person each unless said.

        Less than `LEAST` counts as no exposure. Who brought somebody all the same (F is an estimate)
        gets `LEAST`.
        """
        x = counts(referees, "referees")
        f = np.ones(len(x)) if exposure is None else floats(exposure, "exposure")
        people = np.ones(len(x), np.int64) if n is None else counts(n, "n")
        _same_length(referees=x, exposure=f, n=people)
        if (f < 0).any() or (f > 1 + 1e-9).any():
            raise ValueError("exposure: shares between 0 and 1 are needed")
        f = np.where(f < LEAST, np.where(x > 0, LEAST, 0.0), f)
        return cls(x, f, people)

    def seen(self) -> "Offspring":
        """Only who had any time to bring anybody."""
        kept = (self.n > 0) & (self.exposure > 0)
        return Offspring(self.referees[kept], self.exposure[kept], self.n[kept])

    def merged(self, enough: int = 500, steps: int = 256) -> "Offspring":
        """Itself, or where it has more rows than `enough`, people with the same X and (nearly) the
        same F in one row each."""
        if len(self.n) <= enough:
            return self
        step = np.minimum(np.ceil(self.exposure * steps), steps).astype(np.int64)
        kept, row = np.unique(self.referees * (steps + 1) + step, return_inverse=True)
        people = np.bincount(row, weights=self.n)
        exposure = np.bincount(row, weights=self.n * self.exposure) / people
        return Offspring(kept // (steps + 1), exposure, people.astype(np.int64))

    def moved(self, moves: Sequence[tuple[int, float, int]]) -> "Offspring":
        """With somebody moved up for each (X, F, more): the one of that X whose F is nearest now has
        so many more. Where nobody of that X is left, one is added."""
        x, f, people = self.referees, self.exposure, self.n.copy()
        new = []
        for referees, exposure, more in moves:
            alike = np.flatnonzero((x == referees) & (people > 0))
            if len(alike):
                place = alike[np.abs(f[alike] - exposure).argmin()]
                people[place] -= 1
                exposure = float(f[place])
            new.append((referees + more, exposure))
        added = Offspring.of([row[0] for row in new], [row[1] for row in new])
        return Offspring(x, f, people).and_also(added)

    def and_also(self, others: "Offspring") -> "Offspring":
        """These rows and those."""
        return Offspring(
            np.concatenate([self.referees, others.referees]),
            np.concatenate([self.exposure, others.exposure]),
            np.concatenate([self.n, others.n]),
        )

    @property
    def participants(self) -> int:
        return int(self.n.sum())

    @property
    def total_referees(self) -> int:
        return int((self.n * self.referees).sum())

    @property
    def total_exposure(self) -> float:
        return float((self.n * self.exposure).sum())


def log_pmf(x: Floats | Ints, mean: Floats | float, k: float | Floats) -> Floats:
    """ln P(X = x) of NB(mean, size k); Poisson where k is infinite."""
    if np.isinf(k).all():
        return np.asarray(xlogy(x, mean) - mean - gammaln(np.asarray(x) + 1.0))
    ways = gammaln(k + x) - gammaln(k) - gammaln(np.asarray(x) + 1.0)
    return np.asarray(ways - k * np.log1p(mean / k) + xlogy(x, mean) - xlogy(x, k + mean))


@dataclass(frozen=True)
class Bar:
    """So many `participants` brought `referees` each; what two models would have instead."""

    referees: int
    participants: int
    negative_binomial: float | None
    poisson: float


def histogram(rows: Offspring, k: float | None) -> tuple[Bar, ...]:
    """The offspring histogram from 0 to the most anybody brought, beside NB(K·F, k) and Poisson(K·F)
    of the same exposures; the former is None where `k` cannot be told. Empty without participants."""
    rows = rows.seen().merged()
    if not rows.participants:
        return ()
    people = np.bincount(rows.referees, weights=rows.n).astype(np.int64)
    due = rows.total_referees / rows.total_exposure * rows.exposure

    def foretold(x: int, size: float) -> float:
        return float((rows.n * np.exp(log_pmf(np.full(len(due), x), due, size))).sum())

    return tuple(
        Bar(x, int(n), None if k is None else foretold(x, k), foretold(x, math.inf))
        for x, n in enumerate(people)
    )


@dataclass(frozen=True)
class Fit:
    """Mean and k: profile-likelihood intervals, and beside them those from the curvature at the
    peak (Wald), which papers print."""

    mean: Figure
    k: Figure
    mean_wald: Figure
    k_wald: Figure
    log_likelihood: float


def fit(rows: Offspring) -> Fit:
    """Maximum likelihood of (mean, k) with both kinds of 95 % interval.

    Nobody seen: n/a. No referee at all: an upper bound of the mean only, and no k.
    """
    rows = rows.seen()
    if not rows.participants:
        nothing = absent(Reason.NOT_APPLICABLE, "nobody yet who could have brought anybody")
        return Fit(nothing, nothing, nothing, nothing, 0.0)
    if not rows.total_referees:
        bound = upper_bound(rows.total_exposure)
        unknown = absent(Reason.NOT_APPLICABLE, "k needs somebody who brought somebody")
        return Fit(bound, unknown, bound, unknown, 0.0)

    def of(mean: float, k: float) -> float:
        return float((rows.n * log_pmf(rows.referees, mean * rows.exposure, k)).sum())

    found = likelihood.estimate(of, around=rows.total_referees / rows.total_exposure)
    wald_mean, wald_k = _wald(rows, found)
    return Fit(found.mean, found.k, wald_mean, wald_k, found.log_likelihood)


def _wald(rows: Offspring, found: likelihood.Estimate) -> tuple[Figure, Figure]:
    mean, k = found.mean.value or 0.0, found.k.value
    expected = mean * rows.exposure
    spread = 1.0 if k is None else k / (k + expected)
    information = float((rows.n * rows.exposure * spread).sum()) / mean
    half = Z / math.sqrt(information)
    in_mean = Figure(mean, max(mean - half, 0.0), mean + half)
    if k is None:
        return in_mean, found.k
    step = k * 1e-3
    at = [
        float((rows.n * log_pmf(rows.referees, expected, k + by)).sum()) for by in (-step, 0, step)
    ]
    curvature = -(at[0] - 2 * at[1] + at[2]) / step**2
    if curvature <= 0:
        return in_mean, absent(Reason.UNBOUNDED, likelihood.NO_DISPERSION)
    half = Z / math.sqrt(curvature)
    return in_mean, Figure(k, max(k - half, 0.0), k + half)


def upper_bound(exposure: float) -> Figure:
    """With no referee at all: the mean above which that would happen in less than 1 of 20 cases.

    exp(−K·ΣF) = 0.05 gives K = 3.00/ΣF (the "rule of three", Hanley & Lippman-Hand 1983, JAMA
    249:1743). It assumes Poisson: with uneven pulls the true bound is higher, how much nobody can
    say without referees.
    """
    if exposure <= 0:
        return absent(Reason.TOO_EARLY, "nobody has had time to bring anybody")
    bound = -math.log(0.05) / exposure
    why = "nobody has brought anybody yet, so only an upper bound can be given"
    return Figure(None, 0.0, bound, Reason.UPPER_BOUND, why)


def dispersion(rows: Offspring) -> float:
    """k̂ by profile likelihood, quick enough for a page: K is solved anew at each k.

    Infinite where the counts are no more uneven than chance, as in capped rooms, or nobody brought
    anybody. Many different F are first merged to 1/256, which k does not feel.
    """
    rows = rows.seen()
    if not rows.total_referees or not rows.total_exposure:
        return math.inf
    alike = _Alike.of(rows)
    times = np.bincount(rows.referees, weights=rows.n)
    x = np.flatnonzero(times)
    times = times[x]
    mean = rows.total_referees / rows.total_exposure

    def height(log_k: float) -> float:
        nonlocal mean  # close to the one at the k that was asked about before
        k = math.exp(log_k)
        mean = alike.mean_at(k, mean)
        of_x = float((times * (gammaln(k + x) - gammaln(k))).sum())
        return of_x + alike.height(mean, k)

    poisson = alike.poisson(mean)
    low, high = (math.log(end) for end in likelihood.K_RANGE)
    found = scipy.optimize.minimize_scalar(
        lambda log_k: -height(log_k), bounds=(low, high), method="bounded", options={"xatol": 1e-4}
    )
    return math.inf if poisson >= -float(found.fun) else math.exp(float(found.x))


@dataclass(frozen=True, eq=False)
class _Alike:
    """How many `people` have the same `exposure` F, and the `referees` they brought together: all that
    the likelihood of a mean knows of them."""

    exposure: Floats
    people: Floats
    referees: Floats

    @classmethod
    def of(cls, rows: Offspring, enough: int = 500) -> Self:
        """The sums of rows by F; F to 1/256 where there are more than `enough`."""
        exposure, place = np.unique(rows.exposure, return_inverse=True)
        if len(exposure) > enough:
            return cls.of(rows.merged(enough), len(rows.n))
        people, referees = (
            np.bincount(place, weights=of).astype(np.float64)
            for of in (rows.n, rows.n * rows.referees)
        )
        return cls(exposure, people, referees)

    def height(self, mean: float, k: float) -> float:
        """The part of the log-likelihood that hangs on the mean."""
        due = mean * self.exposure
        each = self.referees * np.log(due / (k + due)) - self.people * k * np.log1p(due / k)
        return float(each.sum())

    def poisson(self, mean: float) -> float:
        """The same where k is infinite."""
        due = mean * self.exposure
        return float((self.referees * np.log(due) - self.people * due).sum())

    def mean_at(self, k: float, mean: float) -> float:
        """The best K at this k, by Fisher scoring on its logarithm from a first guess."""
        for _ in range(25):
            due = mean * self.exposure
            weight = k / (k + due)
            expected = self.people * due
            score = float((weight * (self.referees - expected)).sum())
            step = score / float((weight * expected).sum())
            mean *= math.exp(max(-1.0, min(1.0, step)))
            if abs(step) < 1e-8:
                break
        return mean

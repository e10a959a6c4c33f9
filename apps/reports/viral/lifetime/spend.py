"""How much members spend per purchase: Gamma-Gamma.

Fader & Hardie 2013, "The Gamma-Gamma model of monetary value" (after Colombo & Jiang 1999): amounts
vary at random around a member's own mean, which varies over members and not over time, and is
independent of how often they buy. `independence` tests the last and says what it found.
"""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy
from scipy.special import gammaln

from apps.reports.viral.figures import Absent, Figure, Floats, Reason, absent, counts, floats
from apps.reports.viral.figures import same_length as _same_length
from apps.reports.viral.lifetime.fitting import fitted

ENOUGH_REPEATERS = 30
DEPENDENT = 0.3  # a correlation from which values are not to be trusted


@dataclass(frozen=True, eq=False)
class Spending:
    """`repeats` x of each member and the `mean` amount of those purchases (0 without any)."""

    repeats: Floats
    mean: Floats

    @classmethod
    def of(cls, repeats: Any, mean: Any) -> Self:
        """Raises ValueError for amounts below zero."""
        x, z = counts(repeats, "repeats").astype(np.float64), floats(mean, "mean")
        _same_length(repeats=x, mean=z)
        if (z < 0).any():
            raise ValueError("mean: amounts are not below zero")
        return cls(x, z)

    def spenders(self) -> "Spending":
        """Who bought again, for more than nothing."""
        kept = (self.repeats > 0) & (self.mean > 0)
        return Spending(self.repeats[kept], self.mean[kept])


@dataclass(frozen=True)
class GammaGamma:
    """Fitted p, q and v."""

    p: float
    q: float
    v: float
    log_likelihood: float

    def expected(self, of: Spending) -> Floats:
        """E[mean amount] of each member: between their own and everybody's, the nearer to their own
        the more they bought. Where q ≤ 1 everybody's has no mean, and their own stands alone."""
        if self.q <= 1:
            return of.mean.copy()
        share = self.p * of.repeats / (self.p * of.repeats + self.q - 1)
        return np.asarray(share * of.mean + (1 - share) * self.p * self.v / (self.q - 1))


def gamma_gamma(of: Spending) -> GammaGamma | Absent:
    """Gamma-Gamma by maximum likelihood over who bought again, or "too early" below 30 of them."""
    some = of.spenders()
    if len(some.mean) < ENOUGH_REPEATERS:
        why = f"{len(some.mean)} members bought again; {ENOUGH_REPEATERS} are needed"
        return Absent(Reason.TOO_EARLY, why)
    scale = float(some.mean.mean())
    scaled = Spending(some.repeats, some.mean / scale)
    (p, q, v), _ = fitted(lambda p, q, v: float(_log(scaled, p, q, v).sum()), 3)
    height = float(_log(some, p, q, v * scale).sum())
    return GammaGamma(p, q, v * scale, height)


def _log(of: Spending, p: float, q: float, v: float) -> Floats:
    x, z = of.repeats, of.mean
    shapes = gammaln(p * x + q) - gammaln(p * x) - gammaln(q)
    amounts = (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * np.log(x * z + v)
    return np.asarray(shapes + q * math.log(v) + amounts)


@dataclass(frozen=True)
class Independence:
    """The correlation of purchases and amounts with its interval, Spearman's beside it, whether
    values may be trusted, and what to print."""

    correlation: Figure
    rank_correlation: Figure
    holds: bool
    verdict: str


def independence(of: Spending) -> Independence:
    """Pearson's correlation of x and mean amount among those who bought again (Fisher's interval).

    What matters is its size, not whether it is zero: with many members any dependence is
    significant. Up to 0.3 the model holds well enough.
    """
    some = of.spenders()
    if len(some.mean) < ENOUGH_REPEATERS:
        why = f"{len(some.mean)} members bought again; {ENOUGH_REPEATERS} are needed"
        unknown = absent(Reason.TOO_EARLY, why)
        return Independence(unknown, unknown, False, why)
    if np.ptp(some.repeats) == 0 or np.ptp(some.mean) == 0:
        unknown = absent(Reason.NOT_APPLICABLE, "all members are alike, so nothing can correlate")
        return Independence(unknown, unknown, True, unknown.why)
    found = scipy.stats.pearsonr(some.repeats, some.mean)
    ends = found.confidence_interval(0.95)
    correlation = Figure(float(found.statistic), float(ends.low), float(ends.high))
    ranks = Figure(float(scipy.stats.spearmanr(some.repeats, some.mean).statistic))
    holds = abs(float(found.statistic)) <= DEPENDENT
    words = "independent enough" if holds else "dependent, so values are biased"
    verdict = f"purchases and amounts are {words} (correlation {found.statistic:.2f})"
    return Independence(correlation, ranks, holds, verdict)

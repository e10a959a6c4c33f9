"""Maximum likelihood in two parameters (a mean and a dispersion), with profile intervals.

Both are searched on the log scale. The interval of one holds every value that, with the other free,
lowers the log-likelihood by less than χ²₁(0.95)/2 = 1.92 (Venzon & Moolgavkar 1988, Applied
Statistics 37:87). Assumes one peak, which the negative binomial and its chains have in practice.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import scipy
from scipy.special import chdtri

from apps.reports.viral.figures import LEVEL, Figure, Reason

DROP = float(chdtri(1, 1 - LEVEL)) / 2

# Past the upper end a negative binomial cannot be told from a Poisson.
K_RANGE = (1e-4, 1e5)

NO_DISPERSION = "no more uneven than chance alone: k is as good as infinite"

LogLikelihood = Callable[[float, float], float]
Range = tuple[float, float]


@dataclass(frozen=True)
class Peak:
    """The best mean and k (infinite where the data are no more uneven than chance)."""

    mean: float
    k: float
    log_likelihood: float


@dataclass(frozen=True)
class Estimate:
    """A mean and a dispersion, each with its profile-likelihood interval."""

    mean: Figure
    k: Figure
    log_likelihood: float


@dataclass(frozen=True)
class Surface:
    """A log-likelihood of (mean, k), and the range in which its mean is sought."""

    height: LogLikelihood
    means: Range

    def over_k(self, mean: float) -> tuple[float, float]:
        """(k, height) at this mean where it is highest; infinity is one of the candidates."""
        k, height = _best(lambda k: self.height(mean, k), K_RANGE)
        poisson = self.height(mean, math.inf)
        return (math.inf, poisson) if poisson >= height else (k, height)

    def over_mean(self, k: float) -> float:
        """The height at this k, the mean free."""
        return _best(lambda mean: self.height(mean, k), self.means)[1]

    def peak(self) -> Peak:
        """Where it is highest."""
        mean, _ = _best(lambda mean: self.over_k(mean)[1], self.means)
        return Peak(mean, *self.over_k(mean))


def _best(of: Callable[[float], float], between: Range) -> tuple[float, float]:
    """(argument, value) where `of` is highest, searched on the log scale."""
    bounds = (math.log(between[0]), math.log(between[1]))
    found = scipy.optimize.minimize_scalar(
        lambda log: -of(math.exp(log)), bounds=bounds, method="bounded", options={"xatol": 1e-7}
    )
    return math.exp(float(found.x)), -float(found.fun)


def _end(profile: Callable[[float], float], inside: float, limit: float) -> float | None:
    """Where the profile crosses zero between `inside` (above) and `limit`; None if nowhere."""
    if profile(limit) >= 0 or profile(inside) <= 0:
        return None
    low, high = math.log(inside), math.log(limit)
    return math.exp(scipy.optimize.brentq(lambda log: profile(math.exp(log)), low, high, xtol=1e-7))


def estimate(of: LogLikelihood, *, around: float) -> Estimate:
    """Mean and k with their 95 % profile intervals; an end that the data leave open is None.

    The mean is sought within a factor of ten thousand `around` a first guess.
    """
    surface = Surface(of, (around / 1e4, around * 1e4))
    peak = surface.peak()
    floor = peak.log_likelihood - DROP
    return Estimate(
        _mean_figure(surface, peak, floor), _k_figure(surface, peak, floor), peak.log_likelihood
    )


def _mean_figure(surface: Surface, peak: Peak, floor: float) -> Figure:
    def above(mean: float) -> float:
        return surface.over_k(mean)[1] - floor

    low, high = (_end(above, peak.mean, limit) for limit in surface.means)
    if high is None:
        why = "too little was seen to bound it from above"
        return Figure(peak.mean, low or 0.0, None, Reason.UNBOUNDED, why)
    return Figure(peak.mean, low or 0.0, high)


def _k_figure(surface: Surface, peak: Peak, floor: float) -> Figure:
    def above(k: float) -> float:
        return surface.over_mean(k) - floor

    inside = min(peak.k, K_RANGE[1])
    low = _end(above, inside, K_RANGE[0])
    if math.isinf(peak.k):
        return Figure(None, low, None, Reason.UNBOUNDED, NO_DISPERSION)
    high = None if above(math.inf) >= 0 else _end(above, inside, K_RANGE[1])
    if high is None:
        return Figure(peak.k, low or 0.0, None, Reason.UNBOUNDED, NO_DISPERSION)
    return Figure(peak.k, low or 0.0, high)

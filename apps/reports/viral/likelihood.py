"""Maximum likelihood in two parameters (a mean and a dispersion), with profile intervals.

Both are searched on the log scale. The interval of one holds every value that, with the other free,
lowers the log-likelihood by less than χ²₁(0.95)/2 = 1.92 (Venzon & Moolgavkar 1988, Applied
Statistics 37:87). Assumes one peak, which the negative binomial and its chains have in practice.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from scipy import optimize, stats

from apps.reports.viral.figures import LEVEL, Figure, Reason

DROP = float(stats.chi2.ppf(LEVEL, 1)) / 2

# Past the upper end a negative binomial cannot be told from a Poisson.
K_RANGE = (1e-4, 1e5)
MEAN_RANGE = (1e-6, 1e3)

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


def _best(of: Callable[[float], float], between: Range) -> tuple[float, float]:
    """(argument, value) where `of` is highest, searched on the log scale."""
    bounds = (math.log(between[0]), math.log(between[1]))
    found = optimize.minimize_scalar(
        lambda log: -of(math.exp(log)), bounds=bounds, method="bounded", options={"xatol": 1e-9}
    )
    return math.exp(float(found.x)), -float(found.fun)


def _over_k(of: LogLikelihood, mean: float) -> tuple[float, float]:
    """The best k at this mean; infinity is one of the candidates."""
    k, height = _best(lambda k: of(mean, k), K_RANGE)
    poisson = of(mean, math.inf)
    return (math.inf, poisson) if poisson >= height else (k, height)


def _over_mean(of: LogLikelihood, k: float) -> float:
    return _best(lambda mean: of(mean, k), MEAN_RANGE)[1]


def maximise(of: LogLikelihood) -> Peak:
    """The mean and k at which `of` is highest."""
    mean, _ = _best(lambda mean: _over_k(of, mean)[1], MEAN_RANGE)
    k, height = _over_k(of, mean)
    return Peak(mean, k, height)


def _end(profile: Callable[[float], float], inside: float, limit: float) -> float | None:
    """Where the profile crosses zero between `inside` (above) and `limit`; None if nowhere."""
    if profile(limit) >= 0:
        return None
    low, high = math.log(inside), math.log(limit)
    return math.exp(optimize.brentq(lambda log: profile(math.exp(log)), low, high, xtol=1e-9))


def estimate(of: LogLikelihood) -> Estimate:
    """Mean and k with their 95 % profile intervals; an end that the data leave open is None."""
    peak = maximise(of)
    floor = peak.log_likelihood - DROP
    in_mean = partial(_above, lambda mean: _over_k(of, mean)[1], floor)
    mean = Figure(
        peak.mean,
        _end(in_mean, peak.mean, MEAN_RANGE[0]) or 0.0,
        high := _end(in_mean, peak.mean, MEAN_RANGE[1]),
        None if high is not None else Reason.UNBOUNDED,
        "" if high is not None else "too little was seen to bound it from above",
    )
    return Estimate(mean, _k_figure(of, peak, floor), peak.log_likelihood)


def _above(profile: Callable[[float], float], floor: float, value: float) -> float:
    return profile(value) - floor


def _k_figure(of: LogLikelihood, peak: Peak, floor: float) -> Figure:
    in_k = partial(_above, lambda k: _over_mean(of, k), floor)
    inside = min(peak.k, K_RANGE[1])
    low = _end(in_k, inside, K_RANGE[0]) if in_k(inside) > 0 else None
    if math.isinf(peak.k):
        return Figure(None, low, None, Reason.UNBOUNDED, NO_DISPERSION)
    high = None if in_k(math.inf) >= 0 else _end(in_k, inside, K_RANGE[1])
    reason = Reason.UNBOUNDED if high is None else None
    return Figure(peak.k, low or 0.0, high, reason, NO_DISPERSION if reason else "")

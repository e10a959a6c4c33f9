"""K over time: the referees of a window over those its participants were due to bring in it.

Cori, Ferguson, Fraser & Cauchemez 2013, Am. J. Epidemiol. 178:1505 (EpiEstim): within a window
R is constant, referees come as Poisson(R·Λ), and R has a gamma prior. Imported cases (our seeds)
add to Λ and never to the numerator (Thompson et al. 2019, Epidemics 29:100356).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from apps.reports.viral.delays import Delays
from apps.reports.viral.figures import HIGH, LOW, Figure, Floats, Reason, absent, floats
from apps.reports.viral.figures import same_length as _same_length


@dataclass(frozen=True)
class Prior:
    """Gamma(shape a, scale b) of R: mean 5 and standard deviation 5, as EpiEstim's."""

    a: float = 1.0
    b: float = 5.0


@dataclass(frozen=True)
class Posterior:
    """R of a window: Gamma(shape, rate). `reason` is set where the window is too early to say."""

    start: float
    end: float
    shape: float
    rate: float
    reason: Reason | None = None

    @property
    def mean(self) -> float:
        return self.shape / self.rate

    @property
    def std(self) -> float:
        return float(np.sqrt(self.shape)) / self.rate

    def quantile(self, share: float) -> float:
        return float(scipy.stats.gamma.ppf(share, self.shape, scale=1 / self.rate))

    def figure(self) -> Figure:
        """The mean with its 95 % credible interval."""
        if self.reason:
            return absent(self.reason, "the window ends before one generation interval is over")
        return Figure(self.mean, self.quantile(LOW), self.quantile(HIGH))


def serial_interval(days: int, mean: float, std: float) -> Floats:
    """P(delay = 0, 1, …, days − 1) of a gamma shifted by one day, seen in whole days.

    Cori et al. 2013, web appendix 11: both ends of the delay are uniform within their day. Raises
    ValueError unless mean > 1 and std > 0.
    """
    if mean <= 1 or std <= 0:
        raise ValueError("mean: more than a day is needed; std: more than zero")
    shape, scale = ((mean - 1) / std) ** 2, std**2 / (mean - 1)
    lag = np.arange(days, dtype=np.float64)

    def reached(at: Floats, by: float) -> Floats:
        return np.asarray(scipy.stats.gamma.cdf(at, by, scale=scale))

    mass = lag * reached(lag, shape) + (lag - 2) * reached(lag - 2, shape)
    mass -= 2 * (lag - 1) * reached(lag - 1, shape)
    more = 2 * reached(lag - 1, shape + 1) - reached(lag - 2, shape + 1) - reached(lag, shape + 1)
    return np.asarray(np.maximum(0.0, mass + shape * scale * more))


def infectivity(incidence: Floats, interval: Floats) -> Floats:
    """Λ_t = Σ over s ≥ 1 of I_{t−s}·w_s: how much the cases before t weigh on day t."""
    weights = np.concatenate([[0.0], interval[1 : len(incidence)]])
    return np.convolve(incidence, weights)[: len(incidence)]


def instantaneous(
    local: Any,
    imported: Any,
    interval: Any,
    windows: Sequence[tuple[int, int]],
    prior: Prior = Prior(),
) -> tuple[Posterior, ...]:
    """R of each window (first day, last day; days count from 1, from 2 on), as EpiEstim's
    `estimate_R`, parametric or not as `interval` is from `serial_interval` or given.

    Raises ValueError for series of unequal length or a window outside them. A window that ends
    before the mean interval is "too early".
    """
    ours, theirs = floats(local, "local"), floats(imported, "imported")
    weights = floats(interval, "interval")
    _same_length(local=ours, imported=theirs)
    mean = float((weights * np.arange(len(weights))).sum())
    force = infectivity(ours + theirs, weights)
    found = []
    for start, end in windows:
        if not 2 <= start <= end <= len(ours):
            raise ValueError(f"windows: {start}…{end} is not within days 2…{len(ours)}")
        days = slice(start - 1, end)
        shape = prior.a + float(ours[days].sum())
        rate = 1 / prior.b + float(force[days].sum())
        early = None if end > mean else Reason.TOO_EARLY
        found.append(Posterior(start, end, shape, rate, early))
    return tuple(found)


def wallinga_teunis(
    incidence: Any, interval: Any, windows: Sequence[tuple[int, int]]
) -> tuple[Figure, ...]:
    """The cohort reproduction number: how many each case of a window brought in the end.

    Wallinga & Teunis 2004, Am. J. Epidemiol. 160:509: a case at t was brought by one at s with
    probability w_{t−s}I_s/Λ_t. No correction for those yet to come, so the last windows read low.
    A window without cases: n/a.
    """
    cases, weights = floats(incidence, "incidence"), floats(interval, "interval")
    days = len(cases)
    padded = np.zeros(days)
    padded[: min(days, len(weights))] = weights[:days]
    lag = np.arange(days)[:, None] - np.arange(days)[None, :]
    due = np.where(lag > 0, padded[np.maximum(lag, 0)], 0.0)  # [child day, parent day]
    force = due @ cases
    each = np.divide(cases, force, out=np.zeros(days), where=force > 0)
    brought = each @ due  # per case of the parent day
    return tuple(_per_case(cases, brought, start, end) for start, end in windows)


def _per_case(cases: Floats, brought: Floats, start: int, end: int) -> Figure:
    days = slice(start - 1, end)
    total = float(cases[days].sum())
    if not total:
        return absent(Reason.NOT_APPLICABLE, "nobody joined in these days")
    return Figure(float((cases[days] * brought[days]).sum()) / total)


def k_over_time(
    confirmed: Any,
    referred: Any,
    window: tuple[float, float],
    delays: Delays,
    *,
    dispersion: float,
    prior: Prior = Prior(),
    n: Any = None,
) -> Figure:
    """K of the window (start, end] in days: referees confirmed in it over Σ[F(end−t) − F(start−t)].

    `confirmed` are the times t of all participants, seeds too; `referred` those of referees alone.
    The posterior of `instantaneous`, its variance widened by the negative binomial's factor
    φ = 1 + (K/k)·Σf²/Σf, f each participant's exposure in the window; φ = 1 at infinite `dispersion`.
    Nobody due to bring anybody: n/a. `n` says how many people each time of `confirmed` stands for.
    """
    start, end = window
    times, arrivals = floats(confirmed, "confirmed"), floats(referred, "referred")
    people = np.ones(len(times)) if n is None else floats(n, "n")
    _same_length(confirmed=times, n=people)
    ages = np.where(times < end, end - times, -1.0), np.where(times < start, start - times, -1.0)
    due = delays.share(ages[0]) - delays.share(ages[1])
    exposure = float((people * due).sum())
    if exposure <= 0:
        return absent(Reason.NOT_APPLICABLE, "nobody was due to bring anybody in this time")
    shape = prior.a + float(((arrivals > start) & (arrivals <= end)).sum())
    rate = 1 / prior.b + exposure
    wider = 1 + shape / rate / dispersion * float((people * due**2).sum()) / exposure
    return Posterior(start, end, shape / wider, rate / wider).figure()

"""How long it takes from somebody's confirmation to their referee's: F, and the cycle time.

Only delays that fit in the time a parent has had can be seen, so quick ones are over-represented
while a campaign grows. Lynden-Bell's product-limit estimate (1971, MNRAS 155:95; for delays in an
epidemic Lagakos, Barraj & De Gruttola 1988, Biometrika 75:515) undoes that. It assumes that the
delay does not depend on when the parent was confirmed, and says nothing beyond the window H:
F(H) = 1 by definition.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from apps.reports.viral.figures import (
    Absent,
    Figure,
    Floats,
    Reason,
    Z,
    absent,
    counts,
    floats,
    same_length,
)


@dataclass(frozen=True, eq=False)
class Delays:
    """F as a step function: `cdf` at the ascending delays `at`, in days; 1 from `window` on.

    `error` is the standard error of each `cdf` where it is known.
    """

    at: Floats
    cdf: Floats
    window: float
    pairs: int
    error: Floats | None = None

    def share(self, ages: Any) -> Floats:
        """F(age) of each age: the share of referees within the window who come that soon."""
        ages = np.asarray(ages, dtype=np.float64)
        steps = np.concatenate([[0.0], self.cdf])
        found = steps[np.searchsorted(self.at, ages, side="right")]
        return np.asarray(np.where(ages >= self.window, 1.0, found))

    def quantile(self, share: float) -> float:
        """The delay by which this share of the referees has come."""
        place = int(np.searchsorted(self.cdf, share - 1e-12))
        return float(self.at[min(place, len(self.at) - 1)])

    def quantile_figure(self, share: float) -> Figure:
        """The same with its 95 % interval, by inverting F's own there (Woodruff 1952, J. Am. Stat.
        Assoc. 47:635). It treats pairs as independent, though one parent may have several."""
        place = min(int(np.searchsorted(self.cdf, share - 1e-12)), len(self.at) - 1)
        value = float(self.at[place])
        if self.error is None:
            return Figure(value)
        half = Z * float(self.error[max(place - 1, 0)])
        low, high = (self.quantile(min(max(end, 0.0), 1.0)) for end in (share - half, share + half))
        return Figure(value, low, high)

    def masses(self) -> Floats:
        """The share of referees who come at each of `at`."""
        return np.diff(self.cdf, prepend=0.0)


def lynden_bell(delays: Any, limits: Any, *, window: float, n: Any = None) -> Delays | Absent:
    """F from pairs: `delays` d, each with `limits` L = min(now − t_parent, H); `n` pairs per row.

    F(x) = Π over u > x of (1 − n_u/R_u), R_u = #{d ≤ u ≤ L}. Where by chance everybody at risk at
    u has exactly the delay u, though quicker ones exist, the factor would be 0 and wipe those out;
    it is then 1/(R_u + 1). Raises ValueError for a delay outside 0…L. No pairs: n/a.
    """
    d, limit = floats(delays, "delays"), np.minimum(floats(limits, "limits"), window)
    times = np.ones(len(d), np.int64) if n is None else counts(n, "n")
    same_length(delays=d, limits=limit, n=times)
    if (d < 0).any() or (d > limit + 1e-9).any():
        raise ValueError("delays: each lies between 0 and its limit")
    if not times.sum():
        return Absent(Reason.NOT_APPLICABLE, "nobody has brought anybody yet")
    d = np.minimum(d, limit)
    at, row = np.unique(d[times > 0], return_inverse=True)
    came = np.bincount(row, weights=times[times > 0])
    quicker = np.cumsum(came)  # d ≤ u
    order = np.argsort(limit)
    gone = np.concatenate([[0.0], np.cumsum(times[order])])
    ended = gone[np.searchsorted(limit[order], at, side="left")]  # L < u, so d < u as well
    at_risk = quicker - ended
    left = 1 - came / at_risk
    wiped = (left <= 0) & (np.arange(len(at)) > 0)
    left = np.where(wiped, 1 / (at_risk + 1), left)
    above = np.cumprod(left[::-1])[::-1]  # Π over u ≥ at
    cdf = np.concatenate([above[1:], [1.0]])
    part = came[1:] / (at_risk[1:] * np.maximum(at_risk[1:] - came[1:], 1))
    variance = np.concatenate(
        [np.cumsum(part[::-1])[::-1], [0.0]]
    )  # Greenwood's, backwards in time
    return Delays(at, cdf, window, int(times.sum()), cdf * np.sqrt(variance))


@dataclass(frozen=True)
class Correction:
    """Which F corrects K for age; `delays` is None where K stays uncorrected, and `source` says so."""

    delays: Delays | None
    source: str


def correction(own: Delays | Absent, age: float, earlier: Delays | Absent | None) -> Correction:
    """This campaign's F once it has run for its whole window, before that that of earlier
    campaigns of the same kind; with none, K stays uncorrected and says so."""
    if isinstance(own, Delays) and age >= own.window:
        return Correction(own, "from this campaign’s own referrals")
    if isinstance(earlier, Delays):
        return Correction(earlier, "from earlier campaigns of the same kind")
    return Correction(
        None,
        "uncorrected for age: the campaign is younger than its attribution window and there is no "
        "earlier one of its kind, so K reads low while it grows",
    )


@dataclass(frozen=True)
class CycleTime:
    """Days from one confirmation to the next: median, 90th percentile, mean."""

    median: Figure
    p90: Figure
    mean: Figure


def cycle_time(delays: Delays | Absent) -> CycleTime:
    """The cycle time of F; its mean is the generation interval."""
    if isinstance(delays, Absent):
        nothing = absent(delays.reason, delays.why)
        return CycleTime(nothing, nothing, nothing)
    mean = float((delays.at * delays.masses()).sum())
    return CycleTime(delays.quantile_figure(0.5), delays.quantile_figure(0.9), Figure(mean))


def growth_rate(k: float, delays: Delays) -> Figure:
    """r per day at which participants grow (or die out): K·Σ f(t)·e^(−rt) = 1.

    Wallinga & Lipsitch 2007, Proc. R. Soc. B 274:599; assumes K and F stay as they are.
    ln 2 / r is the doubling time.
    """
    if k <= 0:
        return absent(Reason.NOT_APPLICABLE, "nobody brings anybody, so nothing grows")
    at, mass = delays.at, delays.masses()
    if k > 1 and k * float(mass[at == 0].sum()) >= 1:
        return absent(Reason.UNBOUNDED, "more than one referee comes without any delay")
    mean = float((at * mass).sum())
    if mean == 0:
        return absent(Reason.NOT_APPLICABLE, "all delays are zero")

    def excess(rate: float) -> float:
        with np.errstate(over="ignore"):
            return math.log(k) + float(np.log((mass * np.exp(-rate * at)).sum()))

    reach = abs(math.log(k)) / mean + 1e-9
    low, high = -reach, reach
    while excess(high) > 0:
        high *= 2
    while excess(low) < 0:
        low *= 2
        if low < -700 / max(float(at.max()), 1e-9):
            return absent(Reason.UNBOUNDED, "it dies out faster than can be computed")
    return Figure(float(scipy.optimize.brentq(excess, low, high, xtol=1e-12)))

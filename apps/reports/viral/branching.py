"""Branching with negative-binomial offspring: does it die out, and how large do trees get.

Galton-Watson, each participant bringing NB(mean R, size k) independently: Harris 1963; sizes from
Blumberg & Lloyd-Smith 2013, PLoS Comput. Biol. 9:e1002993 (Poisson: Borel-Tanner). Assumes that R
and k stay, and that nobody runs out of people to bring.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from scipy.special import gammaln

from apps.reports.viral.figures import Figure, Floats, Reason, absent
from apps.reports.viral.offspring import Offspring

CRITICAL = "at R = 1 or more a tree may grow without end"


def log_size(size: Any, seeds: Any, mean: float, k: float) -> Floats:
    """ln P(a forest of `seeds` roots ends with `size` participants, roots counted)."""
    j, s = np.asarray(size, np.float64), np.asarray(seeds, np.float64)
    if math.isinf(k):
        poisson = (j - s) * np.log(j * mean) - j * mean - gammaln(j - s + 1)
        return np.asarray(np.log(s / j) + poisson)
    ways = gammaln(k * j + j - s) - gammaln(k * j) - gammaln(j - s + 1)
    odds = (j - s) * math.log(mean / k) - (k * j + j - s) * math.log1p(mean / k)
    return np.asarray(np.log(s / j) + ways + odds)


def next_given(s: Any, mean: float, k: float) -> Any:
    """g(s) = E[s^X] of one participant's offspring X."""
    if math.isinf(k):
        return np.exp(-mean * (1 - s))
    return np.exp(-k * np.log1p(mean * (1 - s) / k))


def extinction(mean: float, k: float) -> float:
    """The chance that one participant's line ends: the smallest root of g(s) = s, 1 up to R = 1.

    g is convex, so Newton's steps from 0 climb to the smallest root and never pass it.
    """
    if mean <= 1:
        return 1.0
    at = 0.0
    for _ in range(200):
        height = float(next_given(at, mean, k))
        slope = mean * height / (1.0 if math.isinf(k) else 1 + mean * (1 - at) / k)
        step = (height - at) / (1 - slope) if slope < 1 else 0.0
        at += step
        if step < 1e-15:
            break
    return min(at, 1.0)


def campaign_extinction(rows: Offspring, mean: float, k: float) -> Figure:
    """The chance that the whole campaign dies out: the product over participants of what each has
    left.

    Given X_i and F_i a pull is Gamma(k + X_i, rate k/K + F_i), so what i still brings is negative
    binomial, and E[q^rem] = ((k/K + F)/(k/K + F + (1 − F)(1 − q)))^(k + X). Nobody: n/a.
    """
    if not rows.participants:
        return absent(Reason.NOT_APPLICABLE, "nobody takes part yet")
    end = extinction(mean, k)
    if end == 1.0 or mean <= 0:
        return Figure(1.0)
    left = (1 - rows.exposure) * (1 - end)
    if math.isinf(k):
        return Figure(math.exp(-mean * float((rows.n * left).sum())))
    logs = -(k + rows.referees) * np.log1p(left / (k / mean + rows.exposure))
    return Figure(math.exp(float((rows.n * logs).sum())))


@dataclass(frozen=True)
class TreeSize:
    """The participants of one seed's tree in the end, the seed counted."""

    ends: float  # the chance that it ends at all
    mean: Figure
    variance: Figure
    q95: Figure
    sizes: Floats  # P(size = 1, 2, …) as far as computed

    def at_least(self, size: int) -> float:
        """P(the tree has so many or never ends)."""
        return 1.0 - float(self.sizes[: size - 1].sum())


def tree_size(mean: float, k: float, *, up_to: int = 20_000) -> TreeSize:
    """The distribution of a tree's size. Mean 1/(1 − R) and variance σ²/(1 − R)³, σ² = R + R²/k;
    "unbounded" from R = 1 on, as is a 95th percentile that endless trees alone reach."""
    sizes = np.exp(log_size(np.arange(1, up_to + 1), 1, mean, k)) if mean > 0 else np.ones(1)
    reached = np.cumsum(sizes)
    place = int(np.searchsorted(reached, 0.95))
    ends = extinction(mean, k)
    endless = absent(Reason.UNBOUNDED, CRITICAL)
    q95 = Figure(float(place + 1)) if place < len(sizes) else endless
    if mean >= 1:
        return TreeSize(ends, endless, endless, q95, sizes)
    spread = mean + (0.0 if math.isinf(k) else mean**2 / k)
    average, variance = Figure(1 / (1 - mean)), Figure(spread / (1 - mean) ** 3)
    return TreeSize(ends, average, variance, q95, sizes)


def top_share(k: float, top: float = 0.2) -> float:
    """The share of all referees due to the `top` share of participants with the strongest pull.

    Lloyd-Smith et al. 2005 (t₂₀): pulls are gamma with shape k, whatever their mean; `top` itself
    where k is infinite.
    """
    if math.isinf(k):
        return top
    return float(scipy.stats.gamma.sf(scipy.stats.gamma.isf(top, k), k + 1))

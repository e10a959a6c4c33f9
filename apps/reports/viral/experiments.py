"""Comparing variants, each seed drawn into one with their whole tree.

The comparison may be looked at every day: an always-valid confidence sequence on the difference of
means per seed (the asymptotic sequence of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, Ann.
Statist. 52:2613; the mixture is Robbins 1970, Ann. Math. Statist. 41:1397). The chance that it ever
excludes the truth is α over all looks together, where a fixed interval looked at daily reaches 28 %.
Assumes that seeds are independent, that each is counted once their window is over (else the newer
arm reads low), and enough of them for their mean to be normal: none is shown before `ENOUGH_SEEDS`.
"""

import math
from dataclasses import dataclass
from typing import Any, Self

import scipy

from apps.reports.viral.figures import Figure, Reason, absent, floats, ratio

ALPHA = 0.05
POWER = 0.8
ENOUGH_SEEDS = 50
NO_DECISION = "no decision yet"


@dataclass(frozen=True)
class Arm:
    """What the seeds of one variant brought: how many seeds, the sum and the sum of squares.

    The value of a seed is conversions in their tree within the window, or margin: any number.
    """

    seeds: int
    total: float
    squares: float

    @classmethod
    def of(cls, values: Any) -> Self:
        """From one value per seed."""
        each = floats(values, "values")
        return cls(len(each), float(each.sum()), float((each**2).sum()))

    @property
    def mean(self) -> float:
        return self.total / self.seeds

    @property
    def variance(self) -> float:
        """Unbiased; 0 for one seed."""
        centred = self.squares - self.total**2 / self.seeds
        return max(centred, 0.0) / (self.seeds - 1) if self.seeds > 1 else 0.0


def mixing(tightest_at: float, alpha: float = ALPHA) -> float:
    """τ² with which the sequence is tightest at `tightest_at` seeds per arm."""
    return (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / tightest_at


def half_width(sigma: float, n: float, tau2: float, alpha: float = ALPHA) -> float:
    """σ̂·√{2(nτ² + 1)/(n²τ²)·ln(√(nτ² + 1)/α)}."""
    inner = n * tau2 + 1
    return sigma * math.sqrt(2 * inner / (n**2 * tau2) * math.log(math.sqrt(inner) / alpha))


@dataclass(frozen=True)
class Comparison:
    """`difference` is b − a per seed, its interval valid at any look. `winner` is "a", "b" or None;
    `verdict` says it in words; `crossed` counts members who met both variants."""

    a: Figure
    b: Figure
    difference: Figure
    winner: str | None
    verdict: str
    crossed: int = 0


def compare(
    a: Arm, b: Arm, *, tightest_at: int, alpha: float = ALPHA, crossed: int = 0
) -> Comparison:
    """The comparison as of now. `tightest_at` is the number of seeds per arm planned before the
    start (`plan`); changing it later would undo the guarantee. "too early" below 50 seeds in an arm,
    or while no seed differs from another. Raises ValueError unless it is positive."""
    if tightest_at <= 0:
        raise ValueError("tightest_at: a planned number of seeds per arm is needed")
    means = [
        Figure(arm.mean) if arm.seeds else absent(Reason.NOT_APPLICABLE, "no seeds yet")
        for arm in (a, b)
    ]
    difference = _difference(a, b, mixing(tightest_at, alpha), alpha)
    winner = None
    if difference.low is not None and difference.low > 0:
        winner = "b"
    elif difference.high is not None and difference.high < 0:
        winner = "a"
    verdict = f"{winner} brings more per seed" if winner else NO_DECISION
    return Comparison(means[0], means[1], difference, winner, verdict, crossed)


def mean_of(arm: Arm, *, tightest_at: int, alpha: float = ALPHA) -> Figure:
    """An arm's mean per seed, its interval valid at any look; without one below 50 seeds or while no
    seed differs from another. "n/a" without seeds."""
    if not arm.seeds:
        return absent(Reason.NOT_APPLICABLE, "no seed's window is over yet")
    if arm.seeds < ENOUGH_SEEDS or arm.variance <= 0:
        return Figure(arm.mean)
    half = half_width(math.sqrt(arm.variance), arm.seeds, mixing(tightest_at, alpha), alpha)
    return Figure(arm.mean, arm.mean - half, arm.mean + half)


def _difference(a: Arm, b: Arm, tau2: float, alpha: float) -> Figure:
    """b − a. Arms of unequal size count as their harmonic mean n, with σ̂² = n(σ²_a/n_a + σ²_b/n_b):
    the sequence in its intrinsic time."""
    fewest = min(a.seeds, b.seeds)
    if fewest < ENOUGH_SEEDS:
        why = f"{fewest} seeds in the smaller arm; {ENOUGH_SEEDS} are needed"
        return absent(Reason.TOO_EARLY, why)
    n = 2 / (1 / a.seeds + 1 / b.seeds)
    variance = n * (a.variance / a.seeds + b.variance / b.seeds)
    if variance <= 0:
        return absent(Reason.TOO_EARLY, "no seed differs from another yet")
    by = b.mean - a.mean
    half = half_width(math.sqrt(variance), n, tau2, alpha)
    return Figure(by, by - half, by + half)


@dataclass(frozen=True)
class Plan:
    """Seeds per arm to look at as often as one likes; `fixed` is what one look at the end needs,
    and `days` how long the draw takes at the campaign's pace."""

    seeds_per_arm: Figure
    fixed: Figure
    days: Figure


def plan(
    *,
    sigma: float,
    detectable: float,
    sigma_other: float | None = None,
    seeds_per_day: float = 0.0,
    alpha: float = ALPHA,
    power: float = POWER,
) -> Plan:
    """Seeds per arm at which a true difference of `detectable` per seed is found with `power`.

    σ is one seed's standard deviation in one arm and `sigma_other` in the other (alike unless said).
    Solved so that the sequence is tightest there: n = ((c + z_power)·√(σ² + σ²_other)/δ)², c·σ/√n
    its half-width at n. Raises ValueError for a difference of nothing. No spread: n/a.
    """
    if detectable <= 0:
        raise ValueError("detectable: a difference above zero is needed")
    unit = math.hypot(sigma, sigma if sigma_other is None else sigma_other) / detectable
    if unit <= 0:
        nothing = absent(Reason.NOT_APPLICABLE, "seeds do not differ, so there is nothing to plan")
        return Plan(nothing, nothing, nothing)
    often = half_width(1.0, 1.0, mixing(1.0, alpha), alpha)
    once, found = (float(scipy.stats.norm.ppf(level)) for level in (1 - alpha / 2, power))
    seeds = max(math.ceil(((often + found) * unit) ** 2), ENOUGH_SEEDS)
    days = ratio(2 * seeds, seeds_per_day, "no seeds a day to reckon with")
    return Plan(Figure(seeds), Figure(math.ceil(((once + found) * unit) ** 2)), days)


def sigma_of_counts(mean: float, k: float) -> float:
    """One seed's standard deviation where counts are NB(mean, size k): √(K + K²/k)."""
    return math.sqrt(mean + (0.0 if math.isinf(k) else mean**2 / k))


@dataclass(frozen=True)
class Lift:
    """What rewards brought beyond what would have come anyway: per seed, altogether, and as a share
    of what is attributed."""

    per_seed: Figure
    total: Figure
    share: Figure


def lift(holdout: Arm, rewarded: Arm, *, tightest_at: int, alpha: float = ALPHA) -> Lift:
    """The campaign's incremental effect from its holdout, always valid like any comparison."""
    by = compare(holdout, rewarded, tightest_at=tightest_at, alpha=alpha).difference
    if by.value is None or by.low is None or by.high is None:
        return Lift(by, by, by)
    seeds, mean = rewarded.seeds, rewarded.mean
    total = Figure(by.value * seeds, by.low * seeds, by.high * seeds)
    if rewarded.total <= 0:
        return Lift(by, total, absent(Reason.NOT_APPLICABLE, "nothing is attributed"))
    return Lift(by, total, Figure(by.value / mean, by.low / mean, by.high / mean))

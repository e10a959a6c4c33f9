"""K: how many referees a participant brings, corrected for those who have had little time yet.

K̂ = ΣX/ΣF over non-seed participants, F_i the share of i's attribution window's referees who have
come by i's age (see `delays`). It is the ratio estimator of a mean under right truncation (Fraser
2007, PLoS ONE 2:e758, calls it the case reproduction number). Assumes that F is known and that
people pull independently but for what their root explains; the interval is the wider of two:
the negative binomial's, and one robust over root buckets (linearised ratio, Cochran 1977, ch. 6).
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy.special import stdtrit

from apps.reports.viral import offspring
from apps.reports.viral.figures import (
    HIGH,
    Figure,
    Floats,
    Reason,
    Z,
    absent,
    counts,
    floats,
    same_length,
)
from apps.reports.viral.offspring import Offspring

ROOT_BUCKETS = 64
ENOUGH_MATURITY = 0.5
ENOUGH_PARTICIPANTS = 30
ENOUGH_REFEREES = 5
GENERATIONS = 4


@dataclass(frozen=True, eq=False)
class Buckets:
    """ΣX and ΣF of the trees whose root falls into each bucket: trees are what is independent."""

    referees: Floats
    exposure: Floats

    @classmethod
    def of(cls, bucket: Any, rows: Offspring) -> Self:
        """Sum rows by the bucket of their root."""
        where = counts(bucket, "bucket")
        same_length(bucket=where, rows=rows.n)
        referees = np.bincount(where, weights=rows.n * rows.referees, minlength=1)
        exposure = np.bincount(where, weights=rows.n * rows.exposure, minlength=1)
        return cls(referees.astype(np.float64), exposure.astype(np.float64))


@dataclass(frozen=True)
class Multiplication:
    """K and all that explains it. `k` is the figure; `naive` is ΣX/n, which reads low."""

    k: Figure
    naive: Figure
    participants: int
    referees: int
    exposure: float
    maturity: float | None
    dispersion: float | None  # negative-binomial k, None where it cannot be told; inf: chance
    log_error: float | None  # half-width of the interval of ln K̂


def corrected(rows: Offspring, buckets: Buckets | None = None) -> Multiplication:
    """K̂ with its interval, or the reason for none: "too early" while maturity ΣF/n < 0.5, or
    fewer than 30 participants with F > 0, or than 5 referees; "upper bound only" without any."""
    seen = rows.seen()
    referees, exposure = seen.total_referees, seen.total_exposure
    people = rows.participants
    maturity = rows.total_exposure / people if people else None
    early = _too_early(seen, maturity)
    spread = offspring.dispersion(seen) if referees and exposure else None
    error = _log_error(seen, buckets, spread) if spread else None
    return Multiplication(
        k=early or _figure(referees / exposure, error or 0.0),
        naive=Figure(referees / people) if people else absent(Reason.NOT_APPLICABLE, _NOBODY),
        participants=people,
        referees=referees,
        exposure=exposure,
        maturity=maturity,
        dispersion=spread,
        log_error=error,
    )


_NOBODY = "nobody but seeds yet"


def _too_early(seen: Offspring, maturity: float | None) -> Figure | None:
    """Why there is no K yet, or None if there is."""
    if maturity is None:
        return absent(Reason.NOT_APPLICABLE, _NOBODY)
    if maturity < ENOUGH_MATURITY:
        why = f"only {maturity:.0%} of the referees to be expected can have come by now"
        return absent(Reason.TOO_EARLY, why)
    if seen.participants < ENOUGH_PARTICIPANTS:
        why = (
            f"{seen.participants} have had time to bring anybody; {ENOUGH_PARTICIPANTS} are needed"
        )
        return absent(Reason.TOO_EARLY, why)
    if not seen.total_referees:
        return offspring.upper_bound(seen.total_exposure)
    if seen.total_referees < ENOUGH_REFEREES:
        why = f"{seen.total_referees} brought so far; {ENOUGH_REFEREES} are needed"
        return absent(Reason.TOO_EARLY, why)
    return None


def _figure(k: float, log_error: float) -> Figure:
    return Figure(k, k * math.exp(-log_error), k * math.exp(log_error))


def _log_error(rows: Offspring, buckets: Buckets | None, k: float) -> float:
    """The wider half-width of the interval of ln K̂."""
    exposure, mean = rows.total_exposure, rows.total_referees / rows.total_exposure
    squares = float((rows.n * rows.exposure**2).sum())
    variance = (mean * exposure + mean**2 / k * squares) / exposure**2
    half = Z * math.sqrt(variance) / mean
    return max(half, _robust(buckets, mean) if buckets else 0.0)


def _robust(buckets: Buckets, mean: float) -> float:
    """Half-width over root buckets; B counts those that hold anybody, with B − 1 degrees of freedom
    (63 when all 64 do). 0 with fewer than two, which say nothing of their spread."""
    held = (buckets.exposure > 0) | (buckets.referees > 0)
    number = int(held.sum())
    if number < 2:
        return 0.0
    residuals = buckets.referees - mean * buckets.exposure
    exposure = float(buckets.exposure.sum())
    variance = float((residuals**2).sum()) * number / (number - 1) / exposure**2
    return float(stdtrit(number - 1, HIGH)) * math.sqrt(variance) / mean


@dataclass(frozen=True)
class OfGeneration:
    """K of one generation. Generation 0 is the seeds': K₀, which says nothing of the next."""

    generation: int
    multiplication: Multiplication


def by_generation(
    generation: Any, rows: Offspring, bucket: Any = None, *, last: int = GENERATIONS
) -> tuple[OfGeneration, ...]:
    """K_g = ΣX/ΣF within each generation 0…`last` that has anybody."""
    level = counts(generation, "generation")
    where = None if bucket is None else counts(bucket, "bucket")
    same_length(generation=level, rows=rows.n, bucket=level if where is None else where)
    shown = []
    for number in range(last + 1):
        mine = (level == number) & (rows.n > 0)
        if mine.any():
            part = Offspring(rows.referees[mine], rows.exposure[mine], rows.n[mine])
            sums = None if where is None else Buckets.of(where[mine], part)
            shown.append(OfGeneration(number, corrected(part, sums)))
    return tuple(shown)


def of_cohort(cohort: Any, rows: Offspring, bucket: Any = None) -> dict[int, Multiplication]:
    """Cohort K: the same ratio over those who joined in each cohort (a day, say), by its number.
    "too early" until a cohort is half mature and large enough."""
    numbers = counts(cohort, "cohort")
    last = int(numbers.max(initial=0))
    found = by_generation(numbers, rows, bucket, last=last)
    return {each.generation: each.multiplication for each in found}


@dataclass(frozen=True)
class Settling:
    """Group buy: K over all who joined a room still open, and over those whose room completed."""

    joined: Multiplication
    settled: Multiplication


def settling(joined: Offspring, settled: Multiplication) -> Settling:
    """K_joined counts a join as soon as it is paid and reads high, as failed rooms undo some;
    K_settled counts completed rooms alone. Both are corrected by the F of delays to completion. Joins
    of failed rooms belong to neither: they are no transmission. The roots of joins are not looked
    at, so K_joined's interval is K_settled's where that is wider."""
    found = corrected(joined)
    error = max(found.log_error or 0.0, settled.log_error or 0.0)
    if found.k.value is not None and found.k.low is not None:
        found = replace(found, k=_figure(found.k.value, error), log_error=error)
    return Settling(found, settled)


def amplification(k: Figure) -> Figure:
    """1/(1 − K): members in the end per seed's referee line; ends are K's, mapped.

    The total progeny of a subcritical branching process (Harris 1963). "unbounded" from K = 1 on:
    the upper end alone when K's interval reaches it, the value too when K itself does.
    """
    if k.value is None and k.high is None:
        return absent(k.reason or Reason.NOT_APPLICABLE, k.why)
    value, low, high = (
        None if end is None or end >= 1 else 1 / (1 - end) for end in (k.value, k.low, k.high)
    )
    if high is not None:
        return Figure(value, low, high, k.reason, k.why)
    why = "K may be 1 or more, and then it would not stop by itself"
    return Figure(value, low, None, Reason.UNBOUNDED, why)


def under_credit(credit: Any, exposure: Any) -> Figure:
    """K under another attribution: Σ credit of participants / ΣF (credit may be fractional)."""
    given, f = floats(credit, "credit"), floats(exposure, "exposure")
    same_length(credit=given, exposure=f)
    if not f.sum():
        return absent(Reason.TOO_EARLY, "nobody has had time to bring anybody")
    return Figure(float(given.sum() / f.sum()))

"""R and k from how large clusters got, where nobody knows who brought whom.

For trees whose edges are lost (a merchant's own history, before touches were kept). Likelihoods by
kind: `offspring` counts of one case; `next` sizes after one generation, seeds counted; `final`
sizes of clusters that have ended. Blumberg & Lloyd-Smith 2013 (PLoS Comput. Biol. 9:e1002993) and
Blumberg, Funk & Pulliam 2014 (PLoS Pathog. 10:e1004452). Assumes independent clusters, all seen.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np

from apps.reports.viral import branching, likelihood
from apps.reports.viral.figures import Figure, Ints, Reason, absent, counts, same_length
from apps.reports.viral.likelihood import Estimate
from apps.reports.viral.offspring import log_pmf, upper_bound


class Seen(StrEnum):
    """What a size counts."""

    OFFSPRING = "offspring"
    NEXT = "next"
    FINAL = "final"


@dataclass(frozen=True, eq=False)
class Clusters:
    """`n` clusters each of `size` from `seeds` roots, counted as `seen` says."""

    size: Ints
    seeds: Ints
    n: Ints
    seen: Seen

    @classmethod
    def of(cls, size: Any, seen: Seen, *, seeds: Any = None, n: Any = None) -> Self:
        """One root and one cluster per row unless said. Raises ValueError for a size below its
        seeds, or a cluster without any."""
        sizes = counts(size, "size")
        roots = np.ones(len(sizes), np.int64) if seeds is None else counts(seeds, "seeds")
        times = np.ones(len(sizes), np.int64) if n is None else counts(n, "n")
        same_length(size=sizes, seeds=roots, n=times)
        if (roots < 1).any():
            raise ValueError("seeds: each cluster has one at least")
        if seen is not Seen.OFFSPRING and (sizes < roots).any():
            raise ValueError("size: no cluster is smaller than its seeds")
        return cls(sizes, roots, times, seen)

    def log_likelihood(self, mean: float, k: float) -> float:
        """ln P of these sizes."""
        if self.seen is Seen.FINAL:
            each = branching.log_size(self.size, self.seeds, mean, k)
        else:
            born = self.size - (0 if self.seen is Seen.OFFSPRING else self.seeds)
            seeds = self.seeds.astype(np.float64)
            each = log_pmf(born, mean * seeds, k * seeds)
        return float((self.n * each).sum())

    @property
    def referees(self) -> int:
        """All but the seeds."""
        return int((self.n * (self.size - (self.seen is not Seen.OFFSPRING) * self.seeds)).sum())

    @property
    def exposure(self) -> int:
        """How many had the chance to bring somebody."""
        return int((self.n * (self.size if self.seen is Seen.FINAL else self.seeds)).sum())


def estimate(*parts: Clusters) -> Estimate:
    """R and k over all parts together, with 95 % profile-likelihood intervals.

    Of final sizes alone R̂ = 1 − seeds/participants. No clusters: n/a; no referee among them: an
    upper bound of R (see `offspring.upper_bound`) and no k.
    """
    exposure = sum(part.exposure for part in parts)
    if not exposure:
        nothing = absent(Reason.NOT_APPLICABLE, "no cluster yet")
        return Estimate(nothing, nothing, 0.0)
    referees = sum(part.referees for part in parts)
    if not referees:
        unknown: Figure = absent(Reason.NOT_APPLICABLE, "k needs somebody who brought somebody")
        return Estimate(upper_bound(exposure), unknown, 0.0)

    def of(mean: float, k: float) -> float:
        return sum(part.log_likelihood(mean, k) for part in parts)

    return likelihood.estimate(of, around=referees / exposure)

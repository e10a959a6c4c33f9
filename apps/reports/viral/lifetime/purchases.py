"""How often members still buy, and whether they will at all: BG/NBD and MBG/NBD.

BG/NBD (Fader, Hardie & Lee 2005, Marketing Science 24:275): while active a member buys at random at
a rate of their own, gamma(r, rate α) over members; after each repeat purchase they leave for good
with a chance of their own, beta(a, b). Rate and chance are independent. A one-time buyer has had no
occasion to leave, so BG/NBD holds all of them to be active; MBG/NBD (Batislam, Denizel & Filiztekin
2007, Int. J. Res. Marketing 24:201) lets members leave after their first purchase as well, and is
asked for P(active).
"""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import betaln, gammaln, hyp2f1

from apps.reports.viral.figures import Absent, Floats, Ints, Reason, counts, floats, same_length
from apps.reports.viral.lifetime.fitting import fitted

ENOUGH_MEMBERS = 100
ENOUGH_REPEATERS = 30


@dataclass(frozen=True, eq=False)
class Histories:
    """Members by what matters: `repeats` x after the first purchase, `last` t_x, the time from first
    to last purchase, `age` T, the time since the first; `n` members each. Any one unit of time."""

    repeats: Floats
    last: Floats
    age: Floats
    n: Ints

    @classmethod
    def of(cls, repeats: Any, last: Any, age: Any, n: Any = None) -> Self:
        """One member per row unless said. Raises ValueError unless 0 ≤ t_x ≤ T, and t_x = 0
        without repeats."""
        x = counts(repeats, "repeats").astype(np.float64)
        at, since = floats(last, "last"), floats(age, "age")
        members = np.ones(len(x), np.int64) if n is None else counts(n, "n")
        same_length(repeats=x, last=at, age=since, n=members)
        if (at < 0).any() or (at > since + 1e-9).any() or ((x == 0) & (at > 0)).any():
            raise ValueError("last: between 0 and age, and 0 without repeats")
        return cls(x, at, since, members)

    def alike(self) -> "Histories":
        """The distinct histories, each with its number of members."""
        rows = np.stack([self.repeats, self.last, self.age])
        kept, row = np.unique(rows, axis=1, return_inverse=True)
        members = np.bincount(row.ravel(), weights=self.n).astype(np.int64)
        return Histories(kept[0], kept[1], kept[2], members)


@dataclass(frozen=True)
class Buying:
    """Fitted parameters: r and α of the rate, a and b of leaving; `modified` says MBG/NBD."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    modified: bool = False

    def active(self, of: Histories) -> Floats:
        """P(still active) of each history; 1 for one-time buyers unless `modified`."""
        x = of.repeats
        longer = np.exp((self.r + x) * np.log((self.alpha + of.age) / (self.alpha + of.last)))
        if self.modified:
            return 1 / (1 + self.a / (self.b + x) * longer)
        odds = self.a / (self.b + np.maximum(x, 1) - 1) * longer
        return np.asarray(np.where(x > 0, 1 / (1 + odds), 1.0))

    def expected(self, of: Histories, ahead: float) -> Floats:
        """E[purchases within `ahead`] of each history (BG/NBD; its equation 10). Raises ValueError
        for a modified one."""
        if self.modified:
            raise ValueError("purchases are foretold by BG/NBD")
        x, since = of.repeats, self.alpha + of.age
        a = self.a if abs(self.a - 1) > 1e-6 else 1 + 1e-6  # the formula's only gap
        reach = hyp2f1(self.r + x, self.b + x, a + self.b + x - 1, ahead / (since + ahead))
        shrunk = np.exp((self.r + x) * np.log(since / (since + ahead)))
        bought = (a + self.b + x - 1) / (a - 1) * (1 - shrunk * reach)
        return np.asarray(np.maximum(bought * self.active(of), 0.0))


def bg_nbd(of: Histories) -> Buying | Absent:
    """BG/NBD by maximum likelihood, or "too early" below 100 members or 30 who bought again."""
    return _fit(of, modified=False)


def mbg_nbd(of: Histories) -> Buying | Absent:
    """MBG/NBD by maximum likelihood; as `bg_nbd` otherwise."""
    return _fit(of, modified=True)


def _fit(of: Histories, *, modified: bool) -> Buying | Absent:
    members = int(of.n.sum())
    again = int(of.n[of.repeats > 0].sum())
    if members < ENOUGH_MEMBERS or again < ENOUGH_REPEATERS:
        why = f"{members} members, {again} of them bought again; {ENOUGH_MEMBERS} and "
        return Absent(Reason.TOO_EARLY, f"{why}{ENOUGH_REPEATERS} are needed")
    rows = of.alike()
    scale = float(rows.age.max()) / 10 or 1.0  # so that all four parameters are of one order
    scaled = Histories(rows.repeats, rows.last / scale, rows.age / scale, rows.n)

    def log_likelihood(r: float, alpha: float, a: float, b: float) -> float:
        return float((rows.n * _log(scaled, r, alpha, a, b, modified)).sum())

    (r, alpha, a, b), _ = fitted(log_likelihood, 4)
    alpha *= scale
    height = float((rows.n * _log(rows, r, alpha, a, b, modified)).sum())
    return Buying(r, alpha, a, b, height, modified)


def _log(of: Histories, r: float, alpha: float, a: float, b: float, modified: bool) -> Floats:
    """ln of each history's likelihood."""
    x = of.repeats
    bought = gammaln(r + x) - gammaln(r) + r * math.log(alpha)
    stayed = -(r + x) * np.log(alpha + of.age)
    left = math.log(a) - (r + x) * np.log(alpha + of.last)
    if modified:
        chance = betaln(a, b + x + 1) - betaln(a, b)
        return np.asarray(bought + chance + np.logaddexp(stayed, left - np.log(b + x)))
    chance = betaln(a, b + x) - betaln(a, b)
    left = np.where(x > 0, left - np.log(b + np.maximum(x, 1) - 1), -np.inf)
    return np.asarray(bought + chance + np.logaddexp(stayed, left))

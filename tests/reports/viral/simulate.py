"""Invented campaigns, many at once: seeds and the trees below them, with times."""

import math
from dataclasses import dataclass

import numpy as np

from apps.reports.viral.delays import Delays
from apps.reports.viral.multiplication import Buckets
from apps.reports.viral.offspring import Offspring

WINDOW = 7.0
MEAN_DELAY = 2.0


def true_delays() -> Delays:
    """Exponential with a mean of two days, given that it is within the window."""
    at = np.linspace(0, WINDOW, 701)[1:]
    cdf = (1 - np.exp(-at / MEAN_DELAY)) / (1 - math.exp(-WINDOW / MEAN_DELAY))
    return Delays(at, cdf, WINDOW, 10_000)


def drawn_delays(random: np.random.Generator, n: int) -> np.ndarray:
    share = random.random(n) * (1 - math.exp(-WINDOW / MEAN_DELAY))
    return -MEAN_DELAY * np.log1p(-share)


def drawn_offspring(random: np.random.Generator, n: int, mean: float, k: float) -> np.ndarray:
    pull = np.full(n, mean) if math.isinf(k) else random.gamma(k, mean / k, n)
    return random.poisson(pull)


@dataclass(frozen=True)
class People:
    """Everybody of many campaigns; `parent` is a position, −1 for a seed."""

    campaign: np.ndarray
    parent: np.ndarray
    root: np.ndarray
    generation: np.ndarray
    at: np.ndarray

    def of(self, campaign: int) -> "People":
        """One campaign alone. Everybody stands sorted by generation, not by campaign."""
        mine = np.flatnonzero(self.campaign == campaign)
        place = np.full(len(self.campaign) + 1, -1)
        place[mine] = np.arange(len(mine))
        return People(
            self.campaign[mine],
            place[self.parent[mine]],
            self.root[mine],
            self.generation[mine],
            self.at[mine],
        )

    def until(self, now: float) -> "People":
        """Who was there by then."""
        mine = np.flatnonzero(self.at <= now)
        place = np.full(len(self.at) + 1, -1)
        place[mine] = np.arange(len(mine))
        return People(
            self.campaign[mine],
            place[self.parent[mine]],
            self.root[mine],
            self.generation[mine],
            self.at[mine],
        )

    @property
    def referees(self) -> np.ndarray:
        """How many each has brought."""
        return np.bincount(self.parent[self.parent >= 0], minlength=len(self.parent))

    def pairs(self, now: float) -> tuple[np.ndarray, np.ndarray]:
        """(delays, limits) of referees and their referrers."""
        child = np.flatnonzero(self.parent >= 0)
        born = self.at[self.parent[child]]
        return self.at[child] - born, np.minimum(now - born, WINDOW)

    def rows(self, now: float, delays: Delays, *, seeds: bool = False) -> tuple[Offspring, Buckets]:
        """What K is estimated from."""
        mine = (self.parent < 0) == seeds
        rows = Offspring.of(self.referees[mine], delays.share(now - self.at[mine]))
        return rows, Buckets.of(self.root[mine] % 64, rows)


def campaigns(
    random: np.random.Generator,
    number: int,
    *,
    seeds: int,
    k: float,
    mean: float,
    first: float | None = None,
    over: float = 14.0,
) -> People:
    """`number` finished campaigns of `seeds` seeds each, who came at any time in `over` days; K₀ is
    `first`, or as the others'."""
    campaign = np.repeat(np.arange(number), seeds)
    root = random.integers(0, 2**31, len(campaign))
    at = random.random(len(campaign)) * over
    parent = np.full(len(campaign), -1)
    levels = [(campaign, parent, root, at)]
    start = 0
    while len(levels[-1][0]):
        campaign, parent, root, at = levels[-1]
        here = mean if first is None or len(levels) > 1 else first
        brought = drawn_offspring(random, len(campaign), here, k)
        who = np.repeat(np.arange(len(campaign)), brought)
        delay = drawn_delays(random, len(who))
        levels.append((campaign[who], who + start, root[who], at[who] + delay))
        start += len(campaign)
    parts = [np.concatenate(column) for column in zip(*levels, strict=True)]
    generation = np.concatenate([np.full(len(level[0]), g) for g, level in enumerate(levels)])
    return People(parts[0], parts[1], parts[2], generation, parts[3])

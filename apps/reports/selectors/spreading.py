"""How far a campaign spreads: K corrected for age, and the cycle time, from its rollups.

Rollups know hours and days, not minutes. An exposure is the mean of F over its slot, as if people
were confirmed evenly within it; a delay is the middle of its step. `docs/viral.md` says what K loses
by it.
"""

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np

from apps.campaigns.models import Campaign
from apps.reports.selectors import rolled
from apps.reports.selectors.rolled import MINUTES_A_DAY, Cells, Roots
from apps.reports.viral import delays, multiplication
from apps.reports.viral.delays import Correction, CycleTime, Delays
from apps.reports.viral.figures import Absent, Figure, Floats
from apps.reports.viral.multiplication import Buckets, Multiplication, OfGeneration
from apps.reports.viral.offspring import Offspring

# The delays of how many campaigns of the same kind, the latest first, stand in for a young one's own.
EARLIER_CAMPAIGNS = 20

# Where in a slot F is looked up for its mean.
_WITHIN = (np.arange(6) + 0.5) / 6 - 0.5

_WIDEST = MINUTES_A_DAY + 1

# From a delay on, how wide a step is: as `Pair.delay` says.
_STEPS_FROM = (0, 120, 720, 4320, 20160)
_STEPS = np.array([5, 15, 60, 240, 1440])


@dataclass(frozen=True)
class Spreading:
    """K of non-seeds and of seeds apart, by generation, what it amplifies to, and how quickly.

    `source` says where the correction for age is from, or that there is none; `delays` is the F it
    corrects by and `own` this campaign's, as far as it is known; `everybody` is who was counted.
    """

    k: Multiplication
    seeds: Multiplication
    generations: tuple[OfGeneration, ...]
    amplification: Figure
    cycle: CycleTime
    corrected: bool
    source: str
    everybody: "Everybody"
    own: Delays | Absent
    delays: Delays | None


def spreading(campaign: Campaign, *, now: dt.datetime, variant: str | None = None) -> Spreading:
    """As of now, of all variants or of one; four queries at most. Only confirmed participants count,
    and referees confirmed within the attribution window of their referrer's confirmation (one
    confirmed before their referrer counts as at once)."""
    window = minutes_of(campaign.attribution_window)
    cells = rolled.cells(campaign, window, now, variant)
    roots = rolled.roots(campaign, window, now, variant)
    own = delays_of([campaign.pk], window, now, variant)
    correction = correction_of(campaign, own, cells, window, now)
    levels = _Levels.of(cells, roots, correction.delays)
    seeds, others = levels.part(0, 0), levels.part(1, None)
    return Spreading(
        k=others,
        seeds=seeds,
        generations=tuple(
            OfGeneration(level, levels.part(level, level) if level else seeds)
            for level in range(multiplication.GENERATIONS + 1)
            if level in cells.generation
        ),
        amplification=multiplication.amplification(others.k),
        cycle=delays.cycle_time(correction.delays or own),
        corrected=correction.delays is not None,
        source=correction.source,
        everybody=levels.everybody(cells.age),
        own=own,
        delays=correction.delays,
    )


@dataclass(frozen=True, eq=False)
class Everybody:
    """All confirmed participants in groups: `rows`, and the generation and the age in days of each
    (no more than the attribution window)."""

    generation: list[int]
    age: list[float]
    rows: Offspring


@dataclass(frozen=True, eq=False)
class _Levels:
    """Cells with their exposures, and the same people by root; from them K of any generations."""

    level: Floats
    rows: Offspring
    root_level: Floats
    bucket: Floats
    root_referees: Floats
    root_exposure: Floats

    @classmethod
    def of(cls, cells: Cells, roots: Roots, f: Delays | None) -> "_Levels":
        return cls(
            np.array(cells.generation),
            Offspring.of(cells.referees, exposure(cells.age, cells.span, f), cells.people),
            np.array(roots.generation),
            np.array(roots.bucket, dtype=np.int64),
            np.array(roots.referees, dtype=np.float64),
            np.array(roots.people) * exposure(roots.age, roots.span, f),
        )

    def everybody(self, minutes: list[int]) -> Everybody:
        """The same people, by age."""
        generations = [int(level) for level in self.level]
        return Everybody(generations, [age / MINUTES_A_DAY for age in minutes], self.rows)

    def part(self, first: int, last: int | None) -> Multiplication:
        """K of these generations, both ends included. Roots know days alone: they share what hours
        add up to."""
        mine, theirs = (
            (level >= first) & (level <= (math.inf if last is None else last))
            for level in (self.level, self.root_level)
        )
        part = Offspring(self.rows.referees[mine], self.rows.exposure[mine], self.rows.n[mine])
        buckets = self.bucket[theirs]
        referees, days = (
            np.bincount(buckets, weights=values[theirs], minlength=multiplication.ROOT_BUCKETS)
            for values in (self.root_referees, self.root_exposure)
        )
        scale = part.total_exposure / days.sum() if days.sum() else 0.0
        return multiplication.corrected(part, Buckets(referees.astype(np.float64), days * scale))


def exposure(age: list[int], span: list[int], f: Delays | None) -> Floats:
    """The mean of F over each slot, from the age of its middle and its width in minutes; 1 where
    nothing corrects."""
    if f is None or not age:
        return np.ones(len(age))
    # Few slots, many rows of each: F is looked up once a slot. No slot is wider than a day.
    slots, row = np.unique(np.array(age) * _WIDEST + np.array(span), return_inverse=True)
    ages = (slots // _WIDEST)[:, None] + (slots % _WIDEST)[:, None] * _WITHIN
    return np.asarray(f.share(ages.clip(0) / MINUTES_A_DAY).mean(axis=1)[row])


def delays_of(
    campaigns: list[int], window: int, now: dt.datetime, variant: str | None = None
) -> Delays | Absent:
    """F of these campaigns together, whose windows are this many minutes."""
    found = rolled.pairs(campaigns, window, now, variant)
    least = np.array(found.delay, dtype=np.float64)
    step = _STEPS[np.searchsorted(_STEPS_FROM, least, side="right") - 1]
    middle = np.minimum(least + step / 2, window)
    limit = np.maximum(np.array(found.age), middle)
    return delays.lynden_bell(
        middle / MINUTES_A_DAY,
        limit / MINUTES_A_DAY,
        window=window / MINUTES_A_DAY,
        n=found.pairs,
    )


def correction_of(
    campaign: Campaign, own: Delays | Absent, cells: Cells, window: int, now: dt.datetime
) -> Correction:
    """By this campaign's F or, while its first participant is younger than the window, by that of
    the latest campaigns with the same window and qualifying act."""
    age = max(cells.age, default=0)
    if isinstance(own, Delays) and age >= window:
        return delays.correction(own, own.window, None)
    alike = Campaign.objects.filter(
        is_test=campaign.is_test,
        attribution_window=campaign.attribution_window,
        qualifying_act=campaign.qualifying_act,
        pk__lt=campaign.pk,
    ).order_by("-pk")
    earlier = list(alike.values_list("pk", flat=True)[:EARLIER_CAMPAIGNS])
    pooled = delays_of(earlier, window, now) if earlier else None
    return delays.correction(own, age / MINUTES_A_DAY, pooled)


def minutes_of(span: dt.timedelta) -> int:
    """A span in whole minutes, one at least."""
    return max(int(span.total_seconds() // 60), 1)

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
from apps.reports.selectors.rolled import MINUTES_A_DAY, Cells, Roots, Slots
from apps.reports.viral import delays, multiplication
from apps.reports.viral.delays import Correction, CycleTime, Delays
from apps.reports.viral.figures import Absent, Figure, Floats, Ints
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
    corrects by and `own` this campaign's, as far as it is known; `everybody` is who was counted,
    `slots` the same people by when they were confirmed.
    """

    k: Multiplication
    seeds: Multiplication
    generations: tuple[OfGeneration, ...]
    amplification: Figure
    cycle: CycleTime
    corrected: bool
    source: str
    slots: Slots
    everybody: "Everybody"
    own: Delays | Absent
    delays: Delays | None


def spreading(campaign: Campaign, *, now: dt.datetime, variant: str | None = None) -> Spreading:
    """As of now, of all variants or of one; four queries at most. Only confirmed participants count,
    and referees confirmed within the attribution window of their referrer's confirmation (one
    confirmed before their referrer counts as at once)."""
    window = minutes_of(campaign.attribution_window)
    slots = rolled.slots(campaign, now, variant)
    cells = rolled.cells(slots, window, now)
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
            for level in sorted(set(cells.generation.tolist()))
            if level <= multiplication.GENERATIONS
        ),
        amplification=multiplication.amplification(others.k),
        cycle=delays.cycle_time(correction.delays or own),
        corrected=correction.delays is not None,
        source=correction.source,
        slots=slots,
        everybody=levels.everybody(cells.age),
        own=own,
        delays=correction.delays,
    )


@dataclass(frozen=True, eq=False)
class Everybody:
    """All confirmed participants in groups: `rows`, and the generation and the age in days of each
    (no more than the attribution window)."""

    generation: Ints
    age: Floats
    rows: Offspring


@dataclass(frozen=True, eq=False)
class _Levels:
    """Cells with their exposures, and the same people by root; from them K of any generations."""

    level: Ints
    rows: Offspring
    root_level: Ints
    bucket: Ints
    root_referees: Floats
    root_exposure: Floats

    @classmethod
    def of(cls, cells: Cells, roots: Roots, f: Delays | None) -> "_Levels":
        return cls(
            cells.generation,
            Offspring.of(cells.referees, exposure(cells.age, cells.span, f), cells.people),
            roots.generation,
            roots.bucket,
            roots.referees.astype(np.float64),
            roots.people * exposure(roots.age, roots.span, f),
        )

    def everybody(self, minutes: Ints) -> Everybody:
        """The same people, by age."""
        return Everybody(self.level, minutes / MINUTES_A_DAY, self.rows)

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


def exposure(age: Ints, span: Ints, f: Delays | None) -> Floats:
    """The mean of F over each slot, from the age of its middle and its width in minutes; 1 where
    nothing corrects."""
    if f is None or not len(age):
        return np.ones(len(age))
    # Few slots, many rows of each: F is looked up once a slot. No slot is wider than a day.
    slots, row = np.unique(age * _WIDEST + span, return_inverse=True)
    ages = (slots // _WIDEST)[:, None] + (slots % _WIDEST)[:, None] * _WITHIN
    return np.asarray(f.share(ages.clip(0) / MINUTES_A_DAY).mean(axis=1)[row])


def delays_of(
    campaigns: list[int], window: int, now: dt.datetime, variant: str | None = None
) -> Delays | Absent:
    """F of these campaigns together, whose windows are this many minutes."""
    found = rolled.pairs(campaigns, window, now, variant)
    step = _STEPS[np.searchsorted(_STEPS_FROM, found.delay, side="right") - 1]
    middle = np.minimum(found.delay + step / 2, window)
    limit = np.maximum(found.age, middle)
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
    age = int(cells.age.max(initial=0))
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

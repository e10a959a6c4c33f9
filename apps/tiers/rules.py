"""Which tier a growth value earns, and when a member rises, keeps it or falls. All growth is whole.

A membership moves from one due moment to the next: entries leave the window, a period ends, a grace
ends. Periods and windows are half-open: what counts until a moment no longer counts at it.
"""

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Rung:
    """One tier of a ladder. Ranks begin at 1; thresholds rise with them."""

    code: str
    rank: int
    threshold: int


@dataclass(frozen=True)
class Terms:
    """A ladder: its rungs by rank, and how long a period and its grace last.

    With `straight`, who falls lands where their growth says; otherwise one rung further down.
    """

    rungs: tuple[Rung, ...]
    period: dt.timedelta
    grace: dt.timedelta = dt.timedelta(0)
    straight: bool = False


@dataclass(frozen=True)
class Standing:
    """Where a member stands. `rank` 0 is no tier; what counts beyond `counted_to` is `growth`."""

    counted_to: dt.datetime
    growth: int = 0
    rank: int = 0
    since: dt.datetime | None = None
    period_start: dt.datetime | None = None
    period_end: dt.datetime | None = None
    grace_until: dt.datetime | None = None

    @property
    def turns_at(self) -> dt.datetime | None:
        """When the tier is looked at next."""
        return self.grace_until or self.period_end


class TurnKind(enum.StrEnum):
    REACHED = "reached"
    KEPT = "kept"
    LOWERED = "lowered"


@dataclass(frozen=True)
class Turn:
    """Something that happened to a member's tier. `rank` is the one reached, kept or fallen to."""

    kind: TurnKind
    rank: int
    at: dt.datetime
    period_start: dt.datetime | None
    period_end: dt.datetime | None


@dataclass(frozen=True)
class Leaving:
    """Growth (its sum, perhaps 0) that leaves the window at a moment."""

    at: dt.datetime
    amount: int


@dataclass(frozen=True)
class Way:
    """The way to the next tier."""

    rung: Rung
    missing: int


def rank_for(growth: int, rungs: Iterable[Rung]) -> int:
    """The highest rank whose threshold the growth reaches; 0 for none."""
    return max((rung.rank for rung in rungs if growth >= rung.threshold), default=0)


def way_up(growth: int, rank: int, rungs: Iterable[Rung]) -> Way | None:
    """The next tier above `rank` and the growth that is missing; None at the top."""
    above = [rung for rung in rungs if rung.rank > rank]
    if not above:
        return None
    following = min(above, key=lambda rung: rung.rank)
    return Way(following, max(following.threshold - growth, 0))


def advanced(
    standing: Standing, leaving: Sequence[Leaving], until: dt.datetime, terms: Terms
) -> tuple[Standing, list[Turn]]:
    """The standing once everything due up to `until` has happened, in the order it was due.

    `leaving` is what leaves after `counted_to` and not after `until`, the soonest first. However
    late this is called, and in how many steps, it ends the same.
    """
    turns: list[Turn] = []
    waiting = list(reversed(leaving))
    while True:
        moments = [waiting[-1].at] if waiting else []
        moments += [standing.turns_at] if standing.turns_at else []
        moment = min(moments, default=None)
        if moment is None or moment > until:
            break
        while waiting and waiting[-1].at <= moment:
            standing = replace(standing, growth=standing.growth - waiting.pop().amount)
        if standing.turns_at is not None and standing.turns_at <= moment:
            standing, more = _period_over(standing, moment, terms)
            turns += more
    return replace(standing, counted_to=max(standing.counted_to, until)), turns


def _period_over(standing: Standing, at: dt.datetime, terms: Terms) -> tuple[Standing, list[Turn]]:
    earned = rank_for(standing.growth, terms.rungs)
    if earned > standing.rank:
        return risen(standing, at, terms)
    if earned == standing.rank:
        return _landed(standing, standing.rank, TurnKind.KEPT, at, terms)
    if terms.grace and standing.grace_until is None:
        return replace(standing, grace_until=at + terms.grace), []
    below = max((rung.rank for rung in terms.rungs if rung.rank < standing.rank), default=0)
    return _landed(standing, earned if terms.straight else below, TurnKind.LOWERED, at, terms)


def risen(standing: Standing, now: dt.datetime, terms: Terms) -> tuple[Standing, list[Turn]]:
    """The standing after growth came in: promoted at once, or kept while in grace.

    Who passes several tiers reaches each of them, so that entries add up alike in any order.
    """
    at = max(now, standing.counted_to)
    earned = rank_for(standing.growth, terms.rungs)
    if earned > standing.rank:
        passed = sorted(rung.rank for rung in terms.rungs if standing.rank < rung.rank <= earned)
        turns = []
        for rank in passed:
            standing, reached = _landed(standing, rank, TurnKind.REACHED, at, terms)
            turns += reached
        return standing, turns
    if standing.grace_until is not None and earned == standing.rank:
        return _landed(standing, standing.rank, TurnKind.KEPT, at, terms)
    return standing, []


def _landed(
    standing: Standing, rank: int, kind: TurnKind, at: dt.datetime, terms: Terms
) -> tuple[Standing, list[Turn]]:
    start, end = (at, at + terms.period) if rank else (None, None)
    since = standing.since if kind is TurnKind.KEPT else start
    after = replace(
        standing, rank=rank, since=since, period_start=start, period_end=end, grace_until=None
    )
    return after, [Turn(kind, rank, at, start, end)]


@dataclass(frozen=True)
class OpenEntry:
    """An entry and what of it was not taken back."""

    entry_id: int
    left: int
    counts_until: dt.datetime


@dataclass(frozen=True)
class Part:
    """What of an entry is taken back."""

    entry: OpenEntry
    amount: int


def taken_from(entries: Iterable[OpenEntry], amount: int) -> list[Part]:
    """What a take-back of `amount` takes: the youngest entries first, never more than is left.

    A part leaves the window with its entry, so entry and part cancel out at every moment.
    """
    parts = []
    for entry in sorted(entries, key=lambda e: (e.counts_until, e.entry_id), reverse=True):
        taken = min(entry.left, amount)
        if taken > 0:
            parts.append(Part(entry, taken))
            amount -= taken
    return parts

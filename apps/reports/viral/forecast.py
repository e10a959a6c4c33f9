"""How many will take part in the end, if things go on as they are and no new seeds come.

In the mean N + Σ E[rem_i]/(1 − K), E[rem_i] = (k + X_i)·K·(1 − F_i)/(k + K·F_i): what each still
brings, given what they brought (gamma-Poisson, as in `offspring`), and the lines that follow. The
intervals are simulated: K is drawn from its interval, pulls from their posterior, the rest from the
branching process with delays F, in steps of a day. Never N/(1 − K), which counts finished people's
referees twice. Assumes K, k and F stay; k's own uncertainty is not drawn.
"""

import math
from dataclasses import astuple, dataclass, replace
from typing import Any, Self

import numpy as np

from apps.reports.viral.delays import Delays
from apps.reports.viral.figures import (
    HIGH,
    LOW,
    Bools,
    Figure,
    Floats,
    Ints,
    Reason,
    Z,
    absent,
    counts,
    floats,
    same_length,
)
from apps.reports.viral.multiplication import Multiplication

LIMIT = 10_000_000  # a run that passes it counts as endless, and is shown in the fan as this many
_WITHIN_DAY = (np.arange(24) + 0.5) / 24


@dataclass(frozen=True)
class Law:
    """NB(mean K, size k) with the standard error of ln K."""

    mean: float
    k: float = math.inf
    error: float = 0.0

    @classmethod
    def of(cls, measured: Multiplication) -> "Law | Figure":
        """The law of what was measured, or the figure saying why there is none yet."""
        if measured.k.value is None or measured.dispersion is None:
            return measured.k if measured.k.value is None else absent(Reason.TOO_EARLY, "no k")
        error = (measured.log_error or 0.0) / Z
        return cls(measured.k.value, measured.dispersion, error)


@dataclass(frozen=True, eq=False)
class Living:
    """Groups of `n` participants of one `age` in days, with the `referees` they brought together."""

    age: Floats
    referees: Ints
    n: Ints

    @classmethod
    def of(cls, age: Any, referees: Any, n: Any = None) -> Self:
        """One person per row unless said. Raises ValueError where they do not fit."""
        ages, brought = floats(age, "age"), counts(referees, "referees")
        people = np.ones(len(ages), np.int64) if n is None else counts(n, "n")
        same_length(age=ages, referees=brought, n=people)
        if (ages < 0).any():
            raise ValueError("age: nobody was confirmed in the future")
        return cls(ages, brought, people)

    @classmethod
    def nobody(cls) -> Self:
        """Where there are no seeds, say."""
        return cls(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))

    def remaining(self, law: Law, delays: Delays) -> Floats:
        """E[rem] of each group: what its people still bring themselves."""
        gone = delays.share(self.age)
        if math.isinf(law.k):
            return np.asarray(self.n * law.mean * (1 - gone))
        pull = (self.n * law.k + self.referees) / (law.k + law.mean * gone)
        return np.asarray(pull * law.mean * (1 - gone))


@dataclass(frozen=True)
class Band:
    """Participants at the end of a day from now: the median, and 95 % of the runs."""

    day: int
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Forecast:
    """Final reach with its interval, and the way there; from so many `participants` on."""

    participants: int
    final: Figure
    fan: tuple[Band, ...]

    def later(self, days: int) -> "Forecast":
        """The same as seen so many days later: what of the way is over by then is left out."""
        ahead = (replace(band, day=band.day - days) for band in self.fan)
        return replace(self, fan=tuple(band for band in ahead if band.day > 0))

    def told(self) -> list[Any]:
        """As JSON."""
        final, fan = self.final.told(), [list(astuple(band)) for band in self.fan]
        return [self.participants, final, fan]

    @classmethod
    def of(cls, told: list[Any]) -> Self:
        """What `told` has told."""
        participants, final, fan = told
        return cls(participants, Figure.of(final), tuple(Band(*band) for band in fan))


@dataclass(frozen=True)
class Settings:
    """How far and how finely to simulate; the same `seed` gives the same fan."""

    days: int = 30
    draws: int = 400
    seed: int = 1


def forecast(
    now: int,
    seeds: tuple[Living, Law | Figure],
    others: tuple[Living, Law | Figure],
    delays: Delays,
    settings: Settings = Settings(),
) -> Forecast:
    """What becomes of `now` participants. Without a law for the others: its reason. Seeds without
    one of their own are taken to pull as the others do. The value is "unbounded" from K = 1 on, the
    upper end alone where more than 2.5 % of the runs do not end."""
    law = others[1]
    if isinstance(law, Figure):
        return Forecast(now, absent(law.reason or Reason.TOO_EARLY, law.why), ())
    first = law if isinstance(seeds[1], Figure) else seeds[1]
    groups = ((seeds[0], first), (others[0], law))
    born, later, endless = _simulate(groups, law, delays, settings)
    reach = now + np.cumsum(born, axis=1)
    ends = np.quantile(reach, [LOW, 0.5, HIGH], axis=0)
    fan = tuple(
        Band(day + 1, *(float(end) for end in ends[:, day])) for day in range(ends.shape[1])
    )
    total = np.where(endless, math.inf, reach[:, -1] + later)
    left = sum(float(group.remaining(of, delays).sum()) for group, of in groups)
    return Forecast(now, _final(now, left, law.mean, total), fan)


def _final(now: int, left: float, k: float, total: Floats) -> Figure:
    low, high = (float(np.quantile(total, end, method="higher")) for end in (LOW, HIGH))
    value = now + left / (1 - k) if k < 1 else (None if left else float(now))
    if math.isfinite(high):
        if value is None:
            return Figure(None, low, None, Reason.UNBOUNDED, _ENDLESS)
        return Figure(value, min(low, value), max(high, value))
    return Figure(
        value, low if math.isfinite(low) else float(now), None, Reason.UNBOUNDED, _ENDLESS
    )


_ENDLESS = "K may be 1 or more, and then it would not stop by itself"


def _simulate(
    groups: tuple[tuple[Living, Law], ...], law: Law, delays: Delays, settings: Settings
) -> tuple[Ints, Ints, Bools]:
    """(newcomers by run and day, newcomers after the last day, whether the run is endless)."""
    random = np.random.default_rng(settings.seed)
    shock = random.standard_normal(settings.draws)
    waiting = np.zeros((settings.draws, settings.days + 1), np.int64)
    for group, of in groups:
        _first(random, waiting, group, of, of.mean * np.exp(of.error * shock), delays)
    means = law.mean * np.exp(law.error * shock)
    spread = _spread(delays)
    spread /= spread.sum()
    born = np.zeros_like(waiting)
    total = np.zeros(settings.draws, np.int64)
    endless = np.zeros(settings.draws, bool)
    for day in range(settings.days):
        came, pull = waiting[:, day], np.zeros(settings.draws)
        while came.any():
            born[:, day] += came
            total += came
            endless |= total > LIMIT
            pulls = _pulls(random, np.where(endless, 0, came), means, law.k)
            pull += pulls
            came = random.poisson(pulls * spread[0])
        _wait(random, waiting, day, pull, spread)
    later = waiting[:, -1].copy()
    _to_the_end(random, later, means, law.k, endless)
    return born[:, :-1], later, endless


def _first(
    random: np.random.Generator,
    waiting: Ints,
    group: Living,
    law: Law,
    means: Floats,
    delays: Delays,
) -> None:
    """Add what those who take part now still bring, by day."""
    gone = delays.share(group.age)
    open_ = (gone < 1) & (group.n > 0)
    if not open_.any():
        return
    age, gone = group.age[open_], gone[open_]
    people, brought = group.n[open_], group.referees[open_]
    if math.isinf(law.k):
        pull = means[:, None] * people
    else:
        rate = law.k / means[:, None] + gone
        pull = random.gamma(people * law.k + brought, 1.0, size=rate.shape) / rate
    days = waiting.shape[1]
    edges = np.minimum(np.arange(days + 1), days - 1.0)
    edges[-1] = math.inf
    chances = np.diff(delays.share(age[:, None] + edges), axis=1)  # [group, day]
    waiting += random.poisson(pull @ chances)


def _spread(delays: Delays) -> Floats:
    """P(a child comes 0, 1, … days after the day of its parent, who came at any hour of it)."""
    days = np.arange(math.ceil(delays.window) + 2, dtype=np.float64)
    reached = delays.share(days[:, None] + 1 - _WITHIN_DAY).mean(axis=1)
    return np.diff(reached, prepend=0.0)


def _pulls(random: np.random.Generator, n: Ints, means: Floats, k: float) -> Floats:
    """How many `n` people bring together in the mean, drawn anew for each run; whoever comes of it
    is Poisson, and so are those of each delay."""
    if math.isinf(k):
        return n * means
    return random.standard_gamma(n * k) * means / k


def _wait(
    random: np.random.Generator, waiting: Ints, day: int, pull: Floats, spread: Floats
) -> None:
    """Add whom the people of a `day` bring on later days; the last column is all who come after the
    last day."""
    inside = min(len(spread), waiting.shape[1] - 1 - day)
    chances = np.append(spread[1:inside], spread[inside:].sum())
    brought = random.poisson(pull[:, None] * chances)
    waiting[:, day + 1 : day + inside] += brought[:, :-1]
    waiting[:, -1] += brought[:, -1]


def _to_the_end(
    random: np.random.Generator, later: Ints, means: Floats, k: float, endless: Bools
) -> None:
    """Follow the lines of those who come after the last day until each has ended or is endless."""
    alive = np.where(endless, 0, later)
    for _ in range(2_000):
        if not alive.any():
            return
        alive = random.poisson(_pulls(random, alive, means, k))
        later += alive
        endless |= later > LIMIT
        alive[endless] = 0
    endless |= alive > 0

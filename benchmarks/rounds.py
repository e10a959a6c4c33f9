"""Two sides taking turns, and what came of it."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.database import Database
from benchmarks.errors import BenchmarkError, RanOut
from benchmarks.memory import Peak
from benchmarks.writes import Rows, Watch

# Work is prepared for more than was ever done in a round, because machines have better moments.
SLACK = 1.5
SPARE = 20
WARM_UP_SECONDS = 1.0
TRIES = 5


@dataclass(frozen=True)
class Sample:
    """A round of one side: `acts` that were answered, or committed, within `seconds`.

    Up to `unsure` more may have been done, whose answers the load generator did not wait for.
    """

    acts: int
    seconds: float
    unsure: int = 0

    @property
    def rate(self) -> float:
        return self.acts / self.seconds


class Side(Protocol):
    """One way to do a case's act."""

    guess: int  # acts per second, to prepare the first round by
    least_seconds: float  # a round of it cannot be shorter

    def prepare(self, acts: int) -> None:
        """Have work for at least so many acts ready. Takes its time."""

    def run(self, seconds: float) -> Sample:
        """Do acts for so long. Raises RanOut when the work was over early."""


@dataclass(frozen=True)
class Case:
    """An act, measured on both sides. Each act writes one row to `table`.

    `ceiling_table`, where the ceiling writes it to another. `processes` are the parents of those of
    the engine that do the act.
    """

    name: str
    title: str
    table: str
    engine: Side
    ceiling: Side
    processes: tuple[int, ...]
    ceiling_table: str = ""


@dataclass
class Measured:
    """All rounds of one side, and the rows one act of it writes."""

    warm_up: Sample = field(default_factory=lambda: Sample(0, 1.0))
    samples: list[Sample] = field(default_factory=list)
    rows: Rows = field(default_factory=dict)

    @property
    def rates(self) -> list[float]:
        return [sample.rate for sample in self.samples]


@dataclass
class Result:
    """A case's rounds; the n-th of both sides were neighbours in time."""

    case: Case
    memory: Peak
    engine: Measured = field(default_factory=Measured)
    ceiling: Measured = field(default_factory=Measured)

    @property
    def ratios(self) -> list[float]:
        """What part of its ceiling the engine reached, round by round."""
        pairs = zip(self.engine.rates, self.ceiling.rates, strict=True)
        return [engine / ceiling for engine, ceiling in pairs]


def contest(
    case: Case,
    database: Database,
    rounds: int,
    seconds: float,
    on_round: Callable[[], None],
    *,
    rest: float = 0.0,
) -> Result:
    """Warm both sides up, counting the rows they write, then let them take turns, each after so many
    seconds of `rest`.

    Raises BenchmarkError when a side's acts are not the rows that are there afterwards.
    """
    result, ring = Result(case, Peak(case.processes)), _Ring(case.name, database, rest)
    sides = (
        (case.engine, case.table, result.engine, [result.memory]),
        (case.ceiling, case.ceiling_table or case.table, result.ceiling, []),
    )
    for side, table, measured, during in sides:
        watch, short = Watch(database), min(seconds, WARM_UP_SECONDS)
        warm_up = ring.round(side, table, short, side.guess, [watch, *during])
        measured.warm_up, measured.rows = warm_up, watch.rows_per_row_of(table)
        on_round()
    for _ in range(rounds):
        for side, table, measured, during in sides:
            best = max(sample.rate for sample in (measured.warm_up, *measured.samples))
            measured.samples.append(ring.round(side, table, seconds, best, during))
            on_round()
    return result


@dataclass
class _Ring:
    """Where the sides of a case take their turns.

    `late`: what the former side was asked for and nobody waited for. On a busy machine it may still be
    written in the round of the next.
    """

    case: str
    database: Database
    rest: float
    late: int = 0

    def round(
        self,
        side: Side,
        table: str,
        seconds: float,
        rate: float,
        during: Sequence[AbstractContextManager[object]],
    ) -> Sample:
        """A round, tried again with more work when it ran out, and when not one act was done in it.
        The former one's litter is cleared.
        """
        seconds = max(seconds, side.least_seconds)
        acts = int(rate * seconds * SLACK) + SPARE
        for _ in range(TRIES):
            side.prepare(acts)
            self.database.run("VACUUM (ANALYZE)")
            time.sleep(self.rest)
            before = self.database.count(table)
            try:
                with ExitStack() as stack:
                    for watch in during:
                        stack.enter_context(watch)
                    sample = side.run(seconds)
                    self.database.wait_quiet()
            except RanOut:
                acts *= 3
                continue
            self._look_at(sample, self.database.count(table) - before)
            if sample.acts:
                return sample
        raise BenchmarkError(f"{self.case}: always faster than there was work for, or too slow")

    def _look_at(self, sample: Sample, written: int) -> None:
        """Raises BenchmarkError when a round's acts are not the rows it wrote."""
        if not sample.acts <= written <= sample.acts + sample.unsure + self.late:
            raise BenchmarkError(f"{self.case}: {sample.acts} acts, but {written} rows written")
        self.late = sample.unsure

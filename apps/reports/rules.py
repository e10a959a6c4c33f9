"""The figures of the campaign report. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

ATTRIBUTED = (
    "Attributed, not incremental: some of those who were brought would have come anyway. Only a "
    "holdout can say how many."
)


@dataclass(frozen=True)
class Generation:
    """Confirmed participants of one generation, and the confirmed referees they brought."""

    generation: int
    participants: int
    referees: int

    @property
    def naive_k(self) -> float | None:
        """Referees per participant of this generation, young ones too; None where there is nobody."""
        return self.referees / self.participants if self.participants else None


@dataclass(frozen=True)
class Spread:
    """Naive K over non-seeds: seeds are apart, because somebody with a thousand followers says
    nothing about the next generation. It reads low while many are young (`viral.multiplication`)."""

    referees_of_non_seeds: int
    non_seeds: int

    @property
    def naive_k(self) -> float | None:
        """ΣX / n over non-seed participants; None without any."""
        return self.referees_of_non_seeds / self.non_seeds if self.non_seeds else None


def spread(generations: Sequence[Generation]) -> Spread:
    """Sum the generations after the seeds (generation 0)."""
    later = [row for row in generations if row.generation > 0]
    return Spread(sum(row.referees for row in later), sum(row.participants for row in later))


@dataclass(frozen=True)
class Step:
    """A step of the funnel; `rate` is per unit of the step before, None where that was zero."""

    step: str
    count: int
    rate: float | None


def funnel(counts: Sequence[tuple[str, int]]) -> tuple[Step, ...]:
    """The steps with their rates; the product of all rates telescopes to last ÷ first."""
    steps = []
    before: int | None = None
    for name, count in counts:
        steps.append(Step(name, count, count / before if before else None))
        before = count
    return tuple(steps)

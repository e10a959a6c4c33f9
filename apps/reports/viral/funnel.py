"""The funnel of one mature cohort, as a chain whose product telescopes to referees per participant.

Sharers per participant × share intents per sharer × opened visits per intent × joins per visit ×
orders per join (or as the campaign counts). Only participants whose whole window is over belong in,
else late steps read low. Steps are counts of different things, so a rate may be above one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.reports.viral.figures import Figure, Reason, absent, ratio

STEPS = ("participants", "sharers", "share intents", "visits", "joins", "orders")


@dataclass(frozen=True)
class Step:
    """A step of the chain: its count, and its rate per unit of the step before (n/a for the first,
    and after nobody)."""

    name: str
    count: int
    rate: Figure


@dataclass(frozen=True)
class Funnel:
    """The steps, and `product`: the last per unit of the first, the product of all rates."""

    steps: tuple[Step, ...]
    product: Figure


def funnel(counts: Sequence[tuple[str, int]], *, nobody: Figure | None = None) -> Funnel:
    """The chain of (name, count). Raises ValueError for a count below zero. A zero denominator
    makes its rate n/a; so is the product where any rate is. `nobody` is what they are instead where
    the first step counts none."""
    for name, count in counts:
        if count < 0:
            raise ValueError(f"{name}: a count is not below zero")
    steps: list[Step] = []
    for place, (name, count) in enumerate(counts):
        if place == 0:
            rate = absent(Reason.NOT_APPLICABLE, "the first step has none before it")
        elif nobody is not None and counts[0][1] == 0:
            rate = nobody
        else:
            rate = ratio(count, steps[-1].count, f"no {steps[-1].name} yet")
        steps.append(Step(name, count, rate))
    return Funnel(tuple(steps), _product(steps))


def _product(steps: Sequence[Step]) -> Figure:
    missing = next((step.rate for step in steps[1:] if step.rate.value is None), None)
    if missing:
        return missing
    if len(steps) < 2:
        return absent(Reason.NOT_APPLICABLE, "a chain needs two steps")
    return Figure(steps[-1].count / steps[0].count)

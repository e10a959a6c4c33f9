"""What hangs on a campaign, as counted by the apps above: they register here in `AppConfig.ready()`.

Campaigns know nothing of links, rooms or grants. Before an operator pauses, ends or stops, each
registered effect says how much of it there is and what becomes of it.
"""

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


class Turn(enum.StrEnum):
    """What an operator can do to a campaign that runs."""

    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    STOP = "stop"
    LIFT = "lift"


@dataclass(frozen=True)
class Counted:
    """How much there is of something, and what it costs, in minor units by currency."""

    count: int
    cost: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Effect:
    """Something that hangs on campaigns. `count` gets their primary keys; `becomes` says in words
    what each turn does to it; `position` orders the page."""

    name: str
    count: Callable[[Sequence[int]], Counted]
    becomes: dict[Turn, str]
    position: int


@dataclass(frozen=True)
class Shown:
    """One line of the page an operator reads before a turn."""

    name: str
    counted: Counted
    becomes: str


@dataclass(frozen=True)
class BudgetPart:
    """What one kind of award takes of a budget, in minor units."""

    kind: str
    reserved_minor: int
    spent_minor: int


BudgetParts = Callable[[int], Sequence[BudgetPart]]

_effects: dict[str, Effect] = {}
_parts: list[BudgetParts] = []


def register(*effects: Effect) -> None:
    """Have the pages before a turn count and explain these. The same name again replaces."""
    _effects.update({effect.name: effect for effect in effects})


def register_parts(parts: BudgetParts) -> None:
    """Have the budget page show what `parts` returns for a campaign's primary key."""
    if parts not in _parts:
        _parts.append(parts)


def effects_of(turn: Turn, campaign_ids: Sequence[int]) -> list[Shown]:
    """What there is of everything that hangs on these campaigns, and what the turn does to it."""
    ordered = sorted(_effects.values(), key=lambda effect: effect.position)
    return [
        Shown(effect.name, effect.count(campaign_ids), effect.becomes[turn])
        for effect in ordered
        if turn in effect.becomes
    ]


def budget_parts(campaign_id: int) -> list[BudgetPart]:
    """What takes how much of a campaign's budget, the largest first."""
    found = [part for parts in _parts for part in parts(campaign_id)]
    return sorted(found, key=lambda part: (-part.reserved_minor - part.spent_minor, part.kind))

"""Campaigns that exclude each other: an order counts in one of a group."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """A campaign an order could count in. `group` "" excludes nobody; `age` grows with creation."""

    campaign: str
    group: str
    priority: int
    age: int


def outrank(contenders: Iterable[Contender]) -> dict[str, tuple[str, ...]]:
    """Winners, each with the campaigns of its group that lost to it.

    The highest priority wins, of equals the older campaign; their order does not matter.
    """
    groups: dict[str, list[Contender]] = {}
    for contender in sorted(contenders, key=lambda c: (-c.priority, c.age)):
        groups.setdefault(contender.group or f" {contender.campaign}", []).append(contender)
    return {
        first.campaign: tuple(sorted(loser.campaign for loser in losers))
        for first, *losers in groups.values()
    }

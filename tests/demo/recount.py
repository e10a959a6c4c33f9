"""The demo's figures once more, from the history alone and by the words of its rules."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.demo.history import Group


@dataclass(frozen=True)
class Figures:
    completed: int
    failed: int
    refunded: int
    participants: int
    referred: int
    points: int
    k: float | None
    deepest: int


def recount(groups: Iterable[Group]) -> Figures:
    """In order, completed groups only: a host not yet confirmed becomes a seed; a joiner not yet
    confirmed becomes that host's referee. Somebody who paid before, in a failed group too, makes no
    first order any more.
    """
    referrer: dict[int, int | None] = {}
    depth: dict[int, int] = {}
    paid_before: set[int] = set()
    completed = failed = refunded = points = 0
    for group in groups:
        completed, failed = completed + group.completed, failed + (not group.completed)
        refunded += group.refunded
        if group.completed and group.initiator not in referrer:
            referrer[group.initiator], depth[group.initiator] = None, 0
            points += 10
        for place, joiner in enumerate(group.participants):
            if joiner not in referrer:
                referrer[joiner], depth[joiner] = group.initiator, depth[group.initiator] + 1
                points += 10
            if not (group.refunded and place == 0):
                points += 20 if joiner in paid_before else 120
        if group.completed and not group.refunded:
            points += 50
        paid_before |= {group.initiator, *group.participants}
    brought = {member for member, by in referrer.items() if by is not None}
    of_brought = sum(by in brought for by in referrer.values())
    k = of_brought / len(brought) if brought else None
    deepest = max(depth.values(), default=0)
    return Figures(completed, failed, refunded, len(referrer), len(brought), points, k, deepest)

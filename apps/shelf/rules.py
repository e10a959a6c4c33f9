"""Whose turn it is at the shelf."""

from collections.abc import Iterable


def free_slot(taken: Iterable[int], *, limit: int | None) -> int | None:
    """The smallest place from 1 that a member has not taken; None when the limit is reached.

    Someone who took more than a limit that was lowered later gets no other.
    """
    slots = set(taken)
    if limit is not None and len(slots) >= limit:
        return None
    return next(slot for slot in range(1, len(slots) + 2) if slot not in slots)

"""What may happen to a room and its seats at a moment. Pure."""

import datetime as dt
import enum
from collections.abc import Collection


class RoomStatus(enum.StrEnum):
    PENDING = "pending"
    OPEN = "open"
    CLOSING = "closing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({RoomStatus.COMPLETED, RoomStatus.FAILED, RoomStatus.CANCELLED})
ACTIVE = frozenset({RoomStatus.PENDING, RoomStatus.OPEN, RoomStatus.CLOSING})


def admits(status: RoomStatus, deadline: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether somebody may take a new seat: the room is open and `now` before its deadline."""
    return status is RoomStatus.OPEN and deadline is not None and now < deadline


def may_pay(
    status: RoomStatus, deadline: dt.datetime | None, hold_expires: dt.datetime, now: dt.datetime
) -> bool:
    """Whether a held seat may be paid at `now`.

    An expired hold that nobody has swept still has its seat while the room admits people (or waits
    for its host). Once the deadline has passed only a living hold may pay.
    """
    if status is RoomStatus.PENDING or admits(status, deadline, now):
        return True
    return status in ACTIVE and now < hold_expires


def next_turn(
    status: RoomStatus,
    deadline: dt.datetime | None,
    live_holds: Collection[dt.datetime],
    now: dt.datetime,
    *,
    enough: bool = False,
) -> tuple[RoomStatus, dt.datetime | None]:
    """What time makes of a room: its status, and when to look again (None: never).

    `live_holds` are the expiries of holds that have not expired. A host who never paid cancels the
    room; after the deadline a room waits (closing) for its last living hold and then fails, or
    completes short when `enough` of its seats are paid (see `enough_seats`).
    """
    if status in TERMINAL:
        return status, None
    if status is RoomStatus.PENDING:
        return (status, max(live_holds)) if live_holds else (RoomStatus.CANCELLED, None)
    if deadline is not None and now < deadline:
        return status, deadline
    if live_holds:
        return RoomStatus.CLOSING, max(live_holds)
    return (RoomStatus.COMPLETED if enough else RoomStatus.FAILED), None


def free_position(taken: Collection[int], size: int) -> int | None:
    """The lowest place in a room of `size` that nobody has; None when it is full."""
    return next((place for place in range(size) if place not in taken), None)

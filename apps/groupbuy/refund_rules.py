"""When the shop is asked again for a refund, and for how much. Pure."""

import datetime as dt
from collections.abc import Iterable

# After asking, and after each reminder that follows. When the last one is over, it is parked.
PAUSES = (
    dt.timedelta(minutes=15),
    dt.timedelta(hours=1),
    dt.timedelta(hours=4),
    dt.timedelta(hours=12),
    dt.timedelta(days=1),
    dt.timedelta(days=1),
    dt.timedelta(days=1),
)
MOST_REMINDERS = len(PAUSES) - 1


def pause_after(reminders: int) -> dt.timedelta:
    """How long the shop has for an answer after so many reminders (0: it was asked just once)."""
    return PAUSES[min(reminders, MOST_REMINDERS)]


def still_owed(order_left: int, asked: Iterable[tuple[int, int]]) -> list[int]:
    """What refund orders of one order may still ask for, the earlier ones first.

    `asked` holds, of each, what it asks for and what is left of its line. None ever asks for more
    than before or than its line has left, nor all of them for more than `order_left`.
    """
    owed = []
    for amount, line_left in asked:
        owed.append(max(0, min(amount, line_left, order_left)))
        order_left -= owed[-1]
    return owed

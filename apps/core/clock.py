"""Two clocks: the edge's, handed down as `now`, and the database's, for whatever is scarce.

Windows and histories use the `now` an edge read once. Deadlines (holds, rooms, settlements) compare
with `engine_now()` after the lock was taken, so that every process agrees on who was in time.
"""

import datetime as dt

from django.db.models import DateTimeField, Func
from django.utils import timezone

from apps.core import statements


def now() -> dt.datetime:
    """This process's wall clock, UTC. Only edges (views, commands, tasks) call it."""
    return timezone.now()


class EngineNow(Func):
    """`engine_now()` inside a query. Evaluated anew for each row, unlike SQL's `now()`."""

    function = "engine_now"
    template = "%(function)s()"
    output_field = DateTimeField()


def engine_now() -> dt.datetime:
    """The database's clock. Call it after the lock: before it, the wait is not yet over."""
    read: dt.datetime = statements.run("SELECT engine_now()", ())[0][0]
    return read

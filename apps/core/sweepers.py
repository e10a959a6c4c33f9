"""Deadlines are rows with a due time; a sweeper does what is due, any number of times."""

import logging
from collections.abc import Callable, Iterable
from functools import partial

from django.db import InterfaceError, OperationalError

from apps.core import lanes
from apps.core.transactions import is_transient, retrying

log = logging.getLogger(__name__)

Sweeper = Callable[[], int]

# What one run of a sweeper takes on at the most; the rest is due again a second later.
BATCH = 10_000

_sweepers: dict[str, Sweeper] = {}


def register(name: str, sweeper: Sweeper) -> None:
    """Have `run_due` call `sweeper`, which does what is due and returns how much that was."""
    _sweepers[name] = sweeper


def run_due() -> dict[str, int]:
    """Run all sweepers; what each did, by name. One that raises is logged and stops no other.

    Raises OperationalError or InterfaceError when the database itself is away.
    """
    done: dict[str, int] = {}
    for name, sweeper in _sweepers.items():
        try:
            done[name] = sweeper()
        except Exception as error:
            _raise_when_away(error)
            log.exception("sweeper %s failed", name)
    return done


def each_due(rows: Iterable[int], step: Callable[[int], int]) -> int:
    """Run `step`, a transaction, for the primary key of each due row; the sum of what it returns.

    In a worker several at a time. A row that fails is logged, stays due and stops no other. `step`
    must look again under its lock whether the row is still due, and return 0 when it is not.
    """

    def one(row: int) -> int:
        try:
            return retrying(partial(step, row))
        except Exception as error:
            _raise_when_away(error)
            log.exception("%s failed for row %s", step.__qualname__, row)
            return 0

    return lanes.each(one, rows)


def _raise_when_away(error: Exception) -> None:
    if isinstance(error, (OperationalError, InterfaceError)) and not is_transient(error):
        raise error

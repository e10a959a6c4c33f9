"""Deadlines are rows with a due time; a sweeper does what is due, any number of times."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError

from apps.core.transactions import is_transient

log = logging.getLogger(__name__)

Sweeper = Callable[[], int]

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
            away = isinstance(error, (OperationalError, InterfaceError)) and not is_transient(error)
            if away:
                raise
            log.exception("sweeper %s failed", name)
    return done

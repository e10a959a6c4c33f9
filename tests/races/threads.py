"""Making things happen at once, or exactly in between, and taking promises away to see them break.

A race is shown with a gap: while one transaction stands between its reading and its writing, another
runs as a whole in a thread of its own. Where a lock guards the gap, the other waits and comes after;
the control takes the lock away, and the same interleaving breaks the promise, every time.
"""

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from apps.core import invariants
from apps.core.transactions import retrying
from tests.conftest import wipe

Call = Callable[[], Any]


def _run(call: Call) -> Any:
    try:
        return retrying(call)
    except Exception as error:
        return error
    finally:
        connection.close()


def at_once(*calls: Call) -> list[Any]:
    """Run all calls in threads of their own, started together; what each returned or raised."""
    start = threading.Barrier(len(calls))

    def run(call: Call) -> Any:
        start.wait(30)
        return _run(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


class Gap:
    """`step`, and after its first call the gap: `meanwhile` runs in another thread.

    It is waited for until it is done, or until it waits for a lock of ours.
    """

    def __init__(self, step: Callable[..., Any], meanwhile: Call) -> None:
        self._step = step
        self._meanwhile = meanwhile
        self._other: Future[Any] | None = None
        self._first = threading.Lock()
        self._pool = ThreadPoolExecutor(1)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self._step(*args, **kwargs)
        if self._first.acquire(blocking=False):
            self._other = self._pool.submit(_run, self._meanwhile)
            _until_done_or_blocked(self._other)
        return result

    @property
    def outcome(self) -> Any:
        """What the other returned or raised, once it is done."""
        assert self._other is not None, "nobody came by"
        self._pool.shutdown()
        return self._other.result(20)


def _until_done_or_blocked(other: Future[Any]) -> None:
    give_up = time.monotonic() + 20
    while not other.done():
        assert time.monotonic() < give_up, "the other is neither done nor blocked"
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted
                                  AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"""
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)


def attempt(call: Call) -> Any:
    """What `call` returned or raised, in this thread."""
    try:
        return retrying(call)
    except Exception as error:
        return error


def without_row_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """No SELECT … FOR UPDATE of the ORM locks anything any more."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_how: rows.all())


@contextlib.contextmanager
def without(table: str, name: str) -> Iterator[None]:
    """Without a constraint, unique index or trigger of `table`; back, on empty tables, afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT 'constraint', pg_get_constraintdef(oid) FROM pg_constraint
               WHERE conrelid = %(table)s::regclass AND conname = %(name)s
               UNION ALL
               SELECT 'trigger', '' FROM pg_trigger
               WHERE tgrelid = %(table)s::regclass AND tgname = %(name)s AND NOT tgisinternal
               UNION ALL
               SELECT 'index', indexdef FROM pg_indexes
               WHERE tablename = %(table)s AND indexname = %(name)s""",
            {"table": table, "name": name},
        )
        kind, definition = cursor.fetchall()[0]
        cursor.execute(
            {
                "constraint": f"ALTER TABLE {table} DROP CONSTRAINT {name}",
                "trigger": f"ALTER TABLE {table} DISABLE TRIGGER {name}",
                "index": f"DROP INDEX {name}",
            }[kind]
        )
    try:
        yield
    finally:
        wipe()
        with connection.cursor() as cursor:
            cursor.execute(
                {
                    "constraint": f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}",
                    "trigger": f"ALTER TABLE {table} ENABLE TRIGGER {name}",
                    "index": definition,
                }[kind]
            )


def broken_promises() -> set[int]:
    """The numbers of the invariants that do not hold."""
    return {breach.invariant.number for breach in invariants.breaches()}


def each(call: Callable[..., Any], *arguments: Any) -> list[Call]:
    """`call` with each of the arguments, to be run."""
    return [functools.partial(call, argument) for argument in arguments]

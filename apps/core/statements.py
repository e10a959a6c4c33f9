"""Sending SQL that is written by hand: the few statements of a hot path."""

import functools
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

Parameters = Mapping[str, Any] | Sequence[Any]


def run(statement: str, parameters: Parameters, *, binary: bool = False) -> list[tuple[Any, ...]]:
    """Run one statement on this thread's connection, in its transaction if there is one; its rows.

    Values are bound by the server, so a connection that lives long enough prepares the statement and
    PostgreSQL plans it once; cast what it cannot infer (`%(n)s::bigint`). Django's own cursors write
    the values into the text, which is then parsed and planned anew each time. Raises what a cursor
    of Django's does.

    `binary` asks for the rows in PostgreSQL's own form: an instant is read in a tenth of the time. Not
    where a column is JSON, which is text to Django's fields.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if _is_watched(connection):
        with connection.cursor() as watched:
            watched.execute(statement, parameters)
            return watched.fetchall() if watched.description else []
    _make_ready(connection)
    with connection.wrap_database_errors:
        return _send(connection.connection, statement, parameters, binary=binary).take()


def run_in_turn(*asked: tuple[str, Parameters]) -> list[tuple[Any, ...]]:
    """Run a query that locks, and statements after it, in one transaction and one round trip; the rows
    of the last.

    In the caller's transaction, or else in one of their own that is committed and durable when this
    returns. Each has a snapshot of its own: what the second reads is as new as the lock that the first
    waited for, and neither a round trip nor the disk is waited for under that lock. Raises as `run`;
    then none of them has happened, unless the connection broke while it waited for the disk.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if _is_watched(connection):
        with transaction.atomic(savepoint=False):
            return [run(*one) for one in asked][-1]
    _make_ready(connection)
    with connection.wrap_database_errors:
        raw = connection.connection
        with raw.pipeline() as pipeline, _held_back(pipeline):
            if connection.in_atomic_block:
                cursors = [_send(raw, *one) for one in asked]
            else:
                (lock, given), *others = asked
                first = (_COMMITTING_EARLY.format(lock), given)
                cursors = [_send(raw, *one) for one in (first, *others)]
                pipeline.sync()  # ends the transaction
                _send(raw, _UNTIL_DURABLE, ())
        return cursors[-1].take()


# A transaction lets its locks go when its commit is on the disk, so in a hot row everybody waits for
# everybody's disk. This one lets them go before. What was answered is durable all the same: the answer
# waits for a message that stands behind the commit in the write-ahead log, and many of those share
# one turn of the disk.
_COMMITTING_EARLY = "SELECT set_config('synchronous_commit', 'off', true) FROM ({}) AS locked"
_UNTIL_DURABLE = "SELECT pg_logical_emit_message(true, 'referral-engine', '')"


@contextmanager
def _held_back(pipeline: "psycopg.Pipeline") -> Iterator[None]:
    """Send nothing before all is queued.

    psycopg sends each statement as soon as it can: then a lock that the first one takes is held
    while Python, between two threads perhaps, still prepares the second.
    """
    pipeline._communicate_gen = _send_nothing  # type: ignore[method-assign]
    try:
        yield
    finally:
        del pipeline._communicate_gen


def _send_nothing() -> Generator[Any, Any, None]:
    return
    yield


def _is_watched(connection: BaseDatabaseWrapper) -> bool:
    return bool(connection.queries_logged or connection.execute_wrappers)


def _make_ready(connection: BaseDatabaseWrapper) -> None:
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.validate_no_broken_transaction()


class _Cursor(psycopg.RawCursor[tuple[Any, ...]]):
    """A cursor for one statement: what it found out about the types of its values and columns, it need
    not find out again."""

    def take(self) -> list[tuple[Any, ...]]:
        """Its rows, which it does not keep."""
        # `description` would say whether there are any, at the price of an object for each column.
        has_rows = self.pgresult is not None and self.pgresult.nfields > 0
        rows = self.fetchall() if has_rows else []
        self._reset()
        return rows


def _send(
    raw: "psycopg.Connection[Any]", statement: str, parameters: Parameters, *, binary: bool = False
) -> _Cursor:
    text, names = _numbered(statement)
    if isinstance(parameters, Mapping):
        parameters = [parameters[name] for name in names]
    return _cursor_of(raw, text).execute(text, parameters, binary=binary)


# As many as psycopg prepares for a connection.
_MOST_CURSORS = 100


def _cursor_of(raw: "psycopg.Connection[Any]", text: bytes) -> _Cursor:
    """The connection's cursor for a statement. They are kept at the connection, and go with it."""
    cursors: dict[bytes, _Cursor] = raw.__dict__.setdefault("_cursors_of_statements", {})
    if (cursor := cursors.get(text)) is None:
        if len(cursors) >= _MOST_CURSORS:
            cursors.clear()
        cursor = cursors[text] = _Cursor(raw)
    return cursor


_PLACE = re.compile(r"%(?:\((\w+)\)s|(s)|(%))")


@functools.lru_cache(maxsize=1000)
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """A statement with PostgreSQL's own `$1`, `$2` …, and the names they stand for.

    psycopg would do it, and forgets what is longer than 4,096 letters or has more than 50 parameters.
    """
    names: dict[str, int] = {}

    def number(place: re.Match[str]) -> str:
        if place[3]:
            return "%"
        name = place[1] or str(len(names))
        return f"${names.setdefault(name, len(names) + 1)}"

    return _PLACE.sub(number, statement).encode(), tuple(names)

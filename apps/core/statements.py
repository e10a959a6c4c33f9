"""Sending SQL that is written by hand: the few statements of a hot path."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

Parameters = Mapping[str, Any] | Sequence[Any]


def run(statement: str, parameters: Parameters) -> list[tuple[Any, ...]]:
    """Run one statement on this thread's connection, in its transaction if there is one; its rows.

    Values are bound by the server, so a connection that lives long enough prepares the statement and
    PostgreSQL plans it once; cast what it cannot infer (`%(n)s::bigint`). Django's own cursors write
    the values into the text, which is then parsed and planned anew each time. Raises what a cursor
    of Django's does.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.queries_logged or connection.execute_wrappers:
        with connection.cursor() as watched:
            watched.execute(statement, parameters)
            return watched.fetchall() if watched.description else []
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        cursor = psycopg.Cursor(connection.connection).execute(statement, parameters)
        # `description` would say it too, at the price of an object for each column.
        has_rows = cursor.pgresult is not None and cursor.pgresult.nfields > 0
        return cursor.fetchall() if has_rows else []

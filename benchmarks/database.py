"""A database for one run, and a session of ours in it beside the engine's."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from benchmarks.errors import BenchmarkError

Statement = LiteralString | sql.Composed
QUIET_LOOKS = 4

_OTHERS_BUSY = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
      AND pid <> pg_backend_pid() AND state <> 'idle'
"""


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """The URL of a new, empty database on that server, which is dropped afterwards.

    Raises BenchmarkError when the server does not answer or does not allow it.
    """
    name = f"bench_{secrets.token_hex(4)}"
    quoted = sql.Identifier(name)
    try:
        with psycopg.connect(server_url, autocommit=True) as session:
            session.execute(sql.SQL("CREATE DATABASE {}").format(quoted))
    except psycopg.Error as error:
        raise BenchmarkError(f"no database for us: {str(error).strip()}") from None
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        with suppress(psycopg.Error), psycopg.connect(server_url, autocommit=True) as session:
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))


class Database:
    """Our session: for data no service makes in bulk, for counting, and for the facts."""

    def __init__(self, url: str) -> None:
        self.url = url
        # A million rows take longer than a statement of the engine may.
        self._session = psycopg.connect(url, autocommit=True, options="-c statement_timeout=0")

    def close(self) -> None:
        self._session.close()

    def run(self, statement: Statement, parameters: dict[str, Any] | None = None) -> list[Any]:
        """Run a statement and commit it; its rows, if it gives any."""
        cursor = self._session.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []

    def export(self, query: str, path: Path) -> None:
        """Write the rows of a query of ours to a CSV file; "-" is null."""
        statement = f"COPY ({query}) TO STDOUT (FORMAT csv, NULL '-')"
        with path.open("wb") as out, self._session.cursor().copy(statement) as rows:
            for piece in rows:
                out.write(piece)

    def one(self, statement: Statement, parameters: dict[str, Any] | None = None) -> Any:
        """The first value of the first row of a query."""
        return self.run(statement, parameters)[0][0]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self.one(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))))

    def wait_quiet(self) -> None:
        """Return once nobody else has done anything for a moment, at the latest after 10 s."""
        still = 0
        for _ in range(200):
            still = 0 if self.one(_OTHERS_BUSY) else still + 1
            if still == QUIET_LOOKS:
                return
            time.sleep(0.05)

    def tables(self) -> list[str]:
        """The tables of the engine."""
        found = self.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [name for (name,) in found if not name.startswith("bench_")]

    def facts(self) -> dict[str, str]:
        """What of the server's settings decides its figures."""
        names = (
            "server_version",
            "fsync",
            "synchronous_commit",
            "shared_buffers",
            "wal_sync_method",
        )
        return {
            name: self.one("SELECT current_setting(%(name)s)", {"name": name}) for name in names
        }

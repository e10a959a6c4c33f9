"""Which rows an act writes, counted one by one.

By triggers, and not from the statistics views: those hear of a session's writes when it likes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg import sql

from benchmarks.database import Database

Rows = dict[str, dict[str, float]]

_BEGIN = """
DROP TABLE IF EXISTS bench_written;
CREATE UNLOGGED TABLE bench_written (tablename text NOT NULL, act text NOT NULL);
CREATE OR REPLACE FUNCTION bench_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO bench_written VALUES (TG_TABLE_NAME, lower(TG_OP));
  RETURN NULL;
END $$;
"""
_TOLD = "SELECT tablename, act, count(*) FROM bench_written GROUP BY 1, 2 ORDER BY 1, 2"


@dataclass
class Written:
    """Rows by table and kind of write."""

    counted: dict[tuple[str, str], int] = field(default_factory=dict)

    def per(self, acts: int) -> Rows:
        """Rows per act, as table → kind of write → rows."""
        rows: Rows = {}
        for (table, act), number in self.counted.items():
            rows.setdefault(table, {})[act] = round(number / acts, 2)
        return rows


@contextmanager
def watched(database: Database) -> Iterator[Written]:
    """Count every row written to a table of the engine while the block runs. Slows it down."""
    written = Written()
    tables = database.tables()
    database.run(_BEGIN)
    _each(database, _ADD, tables)
    try:
        yield written
    finally:
        _each(database, _DROP, tables)
    written.counted = {(table, act): number for table, act, number in database.run(_TOLD)}


_ADD = """CREATE TRIGGER bench_note AFTER INSERT OR UPDATE OR DELETE ON {}
    FOR EACH ROW EXECUTE FUNCTION bench_note()"""
_DROP = "DROP TRIGGER bench_note ON {}"


def _each(database: Database, statement: str, tables: list[str]) -> None:
    for table in tables:
        database.execute(sql.SQL(statement).format(sql.Identifier(table)))

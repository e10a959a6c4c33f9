"""Which rows an act writes, counted one by one.

By triggers, and not from the statistics views: those hear of a session's writes when it likes.
"""

from collections import Counter
from typing import LiteralString

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
_ADD = """CREATE TRIGGER bench_note AFTER INSERT OR UPDATE OR DELETE ON {}
    FOR EACH ROW EXECUTE FUNCTION bench_note()"""
_DROP = "DROP TRIGGER bench_note ON {}"
_TOLD = "SELECT tablename, act, count(*) FROM bench_written GROUP BY 1, 2 ORDER BY 1, 2"


class Watch:
    """Counts every row written to a table of the engine while its block runs. Slows it down.

    The block may run again: the counts add up.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> None:
        self._database.run(_BEGIN)
        self._for_each_table(_ADD)

    def __exit__(self, *_error: object) -> None:
        self._for_each_table(_DROP)
        self._counted.update(
            {(table, act): number for table, act, number in self._database.run(_TOLD)}
        )

    def rows_per_row_of(self, table: str) -> Rows:
        """Rows written for each row inserted into `table`: by table and kind of write."""
        acts = self._counted[table, "insert"]
        rows: Rows = {}
        for (name, act), number in sorted(self._counted.items()):
            rows.setdefault(name, {})[act] = round(number / acts, 2)
        return rows

    def _for_each_table(self, statement: LiteralString) -> None:
        """A transaction for each, which waits for the engine without holding anything else."""
        self._database.run("SET synchronous_commit = off")
        for table in self._database.tables():
            self._database.run(sql.SQL(statement).format(sql.Identifier(table)))
        self._database.run("RESET synchronous_commit")

"""What must always be true, as SQL that finds the rows where it is not.

The numbers are those of the table in the design. Each app keeps its own in its `invariants.py` and
registers them in `AppConfig.ready()`.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True)
class Invariant:
    """`sql` selects the offending rows; none means that the promise holds."""

    number: int
    promise: str
    sql: str


@dataclass(frozen=True)
class Breach:
    invariant: Invariant
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


CORE = (
    Invariant(
        13,
        "one effect per idempotency key",
        """SELECT credential, method, path, key, count(*) FROM core_idempotentreply
           GROUP BY 1, 2, 3, 4 HAVING count(*) > 1""",
    ),
    Invariant(
        14,
        "an event is done exactly when it was processed, and keys are unique",
        """SELECT id, key, status, processed_at FROM core_event
           WHERE (status = 'done') <> (processed_at IS NOT NULL)
           UNION ALL
           SELECT min(id), key, 'duplicate', NULL FROM core_event GROUP BY key HAVING count(*) > 1""",
    ),
)

_invariants: list[Invariant] = []

MAX_ROWS_SHOWN = 20


def register(*invariants: Invariant) -> None:
    """Have `check_invariants` verify these too."""
    _invariants.extend(invariants)


def registered() -> list[Invariant]:
    """All invariants, by their number."""
    return sorted(_invariants, key=lambda invariant: invariant.number)


def breaches() -> list[Breach]:
    """Verify all invariants; those that do not hold, each with up to 20 offending rows. Locks nothing."""
    found = []
    with connection.cursor() as cursor:
        for invariant in registered():
            # Our own constants, never input.
            cursor.execute(
                f"SELECT * FROM ({invariant.sql}) AS offending LIMIT {MAX_ROWS_SHOWN}"  # noqa: S608
            )
            rows = cursor.fetchall()
            if rows:
                columns = tuple(column.name for column in cursor.description)
                found.append(Breach(invariant, columns, tuple(rows)))
    return found

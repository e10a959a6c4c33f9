"""DuckDB on the rows of a report; run by a Python that has it.

    python duck.py FOLDER    load FOLDER/*.csv, count as FOLDER/counts.json says, print figures as JSON

`counts.json` holds SQL by name, and how often to count. Loading is not measured.
"""

import json
import resource
import sys
import time
from pathlib import Path

import duckdb

TABLES = {
    "participant": """id BIGINT, referrer_id BIGINT, root_id BIGINT, generation INTEGER,
        confirmed_at TIMESTAMP""",
    "link": "id BIGINT, participant_id BIGINT",
    "visit": "link_id BIGINT, skipped VARCHAR, opened_at TIMESTAMP",
    "bought": "id BIGINT, refunded_minor BIGINT, occurred_at TIMESTAMP",
    "line": "order_id BIGINT, amount_minor BIGINT, margin_minor BIGINT",
    "reward": "status VARCHAR, cost_minor BIGINT, granted_at TIMESTAMP, settled_at TIMESTAMP",
}


def main(folder: Path) -> None:
    asked = json.loads((folder / "counts.json").read_text())
    with duckdb.connect(str(folder / "rows.duckdb")) as session:
        for table, columns in TABLES.items():
            session.execute(f"CREATE TABLE {table} ({columns})")
            session.execute(f"COPY {table} FROM '{folder / table}.csv' (HEADER false, NULLSTR '-')")
        session.execute("CHECKPOINT")
    with duckdb.connect(str(folder / "rows.duckdb"), read_only=True) as session:
        turns = [_count(session, asked["counts"]) for _ in range(asked["rounds"] + 1)]
    print(
        json.dumps(
            {
                "seconds": [seconds for seconds, _ in turns[1:]],  # the first warms up
                "sums": turns[-1][1],
                "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def _count(
    session: "duckdb.DuckDBPyConnection", counts: dict[str, str]
) -> tuple[float, dict[str, int]]:
    began = time.perf_counter()
    found = {name: session.execute(sql).fetchall() for name, sql in counts.items()}
    seconds = time.perf_counter() - began
    return seconds, {name: sum(int(row[-1]) for row in rows) for name, rows in found.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))

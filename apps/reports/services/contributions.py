"""What a participant adds to the rollups, as SQL over `reports_counted`: the only place that says it.

Folding takes it out, changes the row, and puts it in again; a rebuild puts in everybody's.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

Given = dict[str, Any]

# Whose: parameters `people` or `campaign`. Both say which campaign's hours are kept (`hours_since`).
SOME = "c.participant_id = ANY(%(people)s)"
EVERYBODY = "c.campaign_id = %(campaign)s"

# A row whose last contribution goes is gone, so that nothing tells how the rows came about.
_MERGE = """
MERGE INTO {table} AS r USING (
    SELECT {keys}, {sums} FROM ({rows}) AS c GROUP BY {keys}
) AS d ON {same}
WHEN MATCHED AND r.{count} + d.{count} = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET {added}
WHEN NOT MATCHED THEN INSERT ({keys}, {values}) VALUES ({new})
"""


def merge(table: str, keys: Sequence[str], values: dict[str, str], rows: str) -> str:
    """Add `values`, aggregates over `rows`, of which the first is a count; times {sign}."""
    return _MERGE.format(
        table=table,
        rows=rows,
        keys=", ".join(keys),
        values=", ".join(values),
        sums=", ".join(f"{{sign}} ({value}) AS {name}" for name, value in values.items()),
        same=" AND ".join(f"r.{key} = d.{key}" for key in keys),
        count=next(iter(values)),
        added=", ".join(f"{name} = r.{name} + d.{name}" for name in values),
        new=", ".join(f"d.{name}" for name in (*keys, *values)),
    )


_BOUGHT = {"buyers": "count(*) FILTER (WHERE orders > 0)", "orders": "sum(orders)"}
_PLACE = ("variant", "generation")
_IN_SLOTS = """
    SELECT c.campaign_id, g.grain, g.slot, c.variant, c.generation, {more}
    FROM {people}
    CROSS JOIN LATERAL (VALUES ('day', c.day), ('hour', c.hour)) AS g (grain, slot)
    WHERE {{which}} AND (g.grain = 'day' OR g.slot >= %(hours_since)s)"""

# The steps of Pair.delay. `c` is the referrer, `f` the referee.
_STEP = """f.delay - f.delay %% CASE
        WHEN f.delay < 120 THEN 5 WHEN f.delay < 720 THEN 15 WHEN f.delay < 4320 THEN 60
        WHEN f.delay < 20160 THEN 240 ELSE 1440 END AS delay"""

_ARRIVALS = merge(
    "reports_arrival",
    ("campaign_id", "day", *_PLACE),
    {
        "people": "count(*)",
        "confirmed": "count(confirmed_at)",
        "brought": "sum(referees + late)",
        **_BOUGHT,
    },
    """SELECT c.campaign_id, c.joined_day AS day, c.variant, c.generation, c.confirmed_at,
           c.referees, c.late, c.orders
    FROM reports_counted c WHERE {which}""",
)
_CELLS = merge(
    "reports_cell",
    ("campaign_id", "grain", "slot", *_PLACE, "referees"),
    {"people": "count(*)"},
    _IN_SLOTS.format(more="c.referees", people="reports_counted c") + " AND c.day IS NOT NULL",
)
_ROOTS = merge(
    "reports_root",
    ("campaign_id", "day", *_PLACE, "bucket"),
    {"people": "count(*)", "referees": "sum(referees)", **_BOUGHT},
    "SELECT c.* FROM reports_counted c WHERE {which} AND c.day IS NOT NULL",
)
_PAIRS = merge(
    "reports_pair",
    ("campaign_id", "grain", "slot", "variant", "delay"),
    {"pairs": "count(*)"},
    _IN_SLOTS.format(
        more=_STEP,
        people="reports_counted f JOIN reports_counted c ON c.participant_id = f.referrer_id",
    )
    + " AND f.delay <= %(window)s",
)


def people_add(which: str, given: Given, *, sign: str = "+") -> None:
    """Add what these participants are themselves; with the sign "-", take it away."""
    for statement in (_ARRIVALS, _CELLS, _ROOTS):
        run(statement.format(which=which, sign=sign), given)


def pairs_add(which: str, given: Given, *, sign: str = "+") -> None:
    """Add what these participants are as the referees of their referrers; or take it away."""
    run(_PAIRS.format(which=which.replace("c.", "f."), sign=sign), given)


def run(statement: str, given: Given) -> list[tuple[Any, ...]]:
    """The rows of a statement of ours. Values go in as text: each is planned for what is there."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall() if cursor.description else []

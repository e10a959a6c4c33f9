"""The orders the programme report counts, each with its revenue and its margin, in one table for as
long as the transaction lasts.

What was paid of an order and not refunded is its revenue. Its margin is known line by line as in
`selectors.margins`, less the group discount it was sold at; what is known in no way has none, and
`known` is how much of the revenue is not of that kind.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from apps.reports.selectors.margins import UNKNOWN, margins_sql

# Without a test, and without what was refunded in full.
_COUNTED = """
  SELECT NULL::bigint AS participant_id, id, occurred_at, paid_minor, refunded_minor
  FROM orders_order
  WHERE NOT is_test AND refunded_minor < paid_minor AND occurred_at < %(now)s
"""
_ORDERS = """
CREATE TEMPORARY TABLE programme_order ON COMMIT DROP AS
WITH {margins},
of_lines AS (
  SELECT order_id, sum(coalesce(margin, 0) - discount) AS margin,
         coalesce(sum(revenue) FILTER (WHERE source <> %(unknown)s), 0) / nullif(sum(revenue), 0)
           AS known
  FROM margins GROUP BY order_id
)
SELECT o.id, o.member_id, o.occurred_at, o.currency, o.paid_minor - o.refunded_minor AS revenue,
       coalesce(l.margin, 0) AS margin, (o.paid_minor - o.refunded_minor) * l.known AS known
FROM counted c JOIN orders_order o ON o.id = c.id LEFT JOIN of_lines l ON l.order_id = o.id
"""

_CURRENCIES = """
SELECT currency, count(*), min(occurred_at), sum(revenue)::bigint, coalesce(sum(known), 0)::float8
FROM programme_order GROUP BY 1 ORDER BY 2 DESC, 1
"""


@dataclass(frozen=True)
class Money:
    """The currency most orders are in, how many there are in all and in others, since when; of those
    in it the revenue, and how much of that has a margin that is known."""

    currency: str
    orders: int
    others: int
    first_at: dt.datetime | None
    revenue_minor: int
    known_minor: float


def orders_gather(now: dt.datetime) -> None:
    """Lay down a row per live order from before `now` of which something is kept, until the
    transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS programme_order")
        cursor.execute(
            _ORDERS.format(margins=margins_sql(counted=_COUNTED)),
            {"now": now, "unknown": UNKNOWN},
        )
        cursor.execute("ANALYZE programme_order")


def money() -> Money:
    """Of the orders that were gathered."""
    with connection.cursor() as cursor:
        cursor.execute(_CURRENCIES)
        rows = cursor.fetchall()
    if not rows:
        return Money("", 0, 0, None, 0, 0.0)
    orders = sum(row[1] for row in rows)
    currency, many, _, revenue, known = rows[0]
    return Money(currency, orders, orders - many, min(row[2] for row in rows), revenue, known)

"""The orders the programme report counts, each with its revenue and its margin, in one table for as
long as the transaction lasts.

What was paid of an order and not refunded is its revenue. Its margin is known line by line as
`docs/paying.md` has it (told, by tag, by the shop's rate), less the group discount it was sold at; what
is known in no way has none, and `known` is how much of the revenue is not of that kind.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import connection

# What group discounts took counts as in `selectors.margins`: a rate is one of the price before it,
# what the shop told is what was left after it.
_ORDERS = """
CREATE TEMPORARY TABLE programme_order ON COMMIT DROP AS
WITH shop AS (
    SELECT min(rate_bps) FILTER (WHERE tag = '') / 10000.0 AS rate FROM orders_marginrate
), lines AS (
    SELECT l.order_id, l.amount_minor, l.refunded_minor, l.margin_minor,
           coalesce(tagged.rate, shop.rate) AS rate,
           CASE WHEN seat.id IS NULL THEN 0 ELSE greatest(
             coalesce(kept.single_minor, item.single_price_minor) * seat.quantity
               - seat.price_minor, 0) END AS discount_minor,
           CASE WHEN l.amount_minor = 0 THEN 1
                ELSE (l.amount_minor - l.refunded_minor)::numeric / l.amount_minor END AS part
    FROM orders_orderline l CROSS JOIN shop
    LEFT JOIN LATERAL (
        SELECT min(r.rate_bps) / 10000.0 AS rate FROM orders_marginrate r
        WHERE r.tag <> '' AND l.tags ? r.tag
    ) tagged ON true
    LEFT JOIN groupbuy_seat seat ON seat.line_id = l.id AND l.margin_minor IS NULL
    LEFT JOIN groupbuy_offeritem item ON item.id = seat.item_id
    LEFT JOIN groupbuy_room room ON room.id = seat.room_id
    LEFT JOIN LATERAL (
        SELECT (i ->> 'single_price_minor')::bigint AS single_minor
        FROM jsonb_array_elements(room.terms -> 'items') i WHERE (i ->> 'id')::bigint = seat.item_id
    ) kept ON seat.id IS NOT NULL
), of_lines AS (
    SELECT order_id, sum(amount_minor) AS lines_minor, sum(refunded_minor) AS taken_minor,
           sum(amount_minor - refunded_minor) AS left_minor,
           coalesce(sum(amount_minor - refunded_minor)
                    FILTER (WHERE margin_minor IS NOT NULL OR rate IS NOT NULL), 0) AS known_minor,
           coalesce(sum(part * coalesce(
               margin_minor, (amount_minor + discount_minor) * rate - discount_minor)), 0) AS margin
    FROM lines GROUP BY order_id
), whole AS (
    SELECT o.id, o.member_id, o.occurred_at, o.currency, o.paid_minor - o.refunded_minor AS revenue,
           CASE WHEN o.refunded_minor = 0 THEN 1::numeric
                ELSE (o.paid_minor - o.refunded_minor)::numeric
                     / nullif(o.paid_minor - coalesce(l.taken_minor, 0), 0) END AS kept,
           greatest(o.paid_minor - coalesce(l.lines_minor, 0), 0) AS beyond_minor,
           coalesce(l.left_minor, 0) AS left_minor, coalesce(l.known_minor, 0) AS known_minor,
           coalesce(l.margin, 0) AS margin, shop.rate
    FROM orders_order o CROSS JOIN shop LEFT JOIN of_lines l ON l.order_id = o.id
    WHERE NOT o.is_test AND o.refunded_minor < o.paid_minor AND o.occurred_at < %(now)s
)
SELECT id, member_id, occurred_at, currency, revenue,
       kept * (margin + beyond_minor * coalesce(rate, 0)) AS margin,
       revenue * (known_minor + CASE WHEN rate IS NULL THEN 0 ELSE beyond_minor END)
         / nullif(left_minor + beyond_minor, 0) AS known
FROM whole
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
        cursor.execute(_ORDERS, {"now": now})
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

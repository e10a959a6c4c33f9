from apps.core.invariants import Invariant

ORDERS = (
    Invariant(
        12,
        "a refund takes at most what was paid, and an order's refunds add up",
        """SELECT o.id, o.order_id, o.paid_minor, o.refunded_minor, coalesce(sum(r.applied_minor), 0)
           FROM orders_order o LEFT JOIN orders_refund r ON r.order_id = o.id
           GROUP BY o.id
           HAVING o.refunded_minor > o.paid_minor
               OR o.refunded_minor <> coalesce(sum(r.applied_minor), 0)""",
    ),
    Invariant(
        12,
        "no line gives back more than was paid for it, nor keeps anything of an emptied order",
        """SELECT l.id, l.amount_minor, l.refunded_minor
           FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
           WHERE l.refunded_minor > l.amount_minor
              OR (o.refunded_minor = o.paid_minor AND l.refunded_minor <> l.amount_minor)""",
    ),
    Invariant(
        4,
        "a member's paid orders are numbered 1, 2, 3 …",
        """SELECT member_id, count(*), max(nth) FROM orders_order
           GROUP BY member_id HAVING count(*) <> max(nth) OR min(nth) <> 1""",
    ),
)

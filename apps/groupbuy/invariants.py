from apps.core.invariants import Invariant

GROUPBUY = (
    Invariant(
        7,
        "active seats ≤ size; a member sits once in a room",
        """SELECT r.id, r.size, count(*), count(DISTINCT s.member_id)
           FROM groupbuy_room r JOIN groupbuy_seat s ON s.room_id = r.id
           WHERE s.status IN ('held', 'paid') GROUP BY r.id
           HAVING count(*) > r.size OR count(*) <> count(DISTINCT s.member_id)""",
    ),
    Invariant(
        8,
        "held + sold ≤ stock, and both are what the active seats add up to",
        """SELECT i.id, i.stock, i.held, i.sold,
                  coalesce(sum(s.quantity) FILTER (WHERE s.status = 'held'), 0) AS seats_held,
                  coalesce(sum(s.quantity) FILTER (WHERE s.status = 'paid'), 0) AS seats_paid
           FROM groupbuy_offeritem i LEFT JOIN groupbuy_seat s ON s.item_id = i.id
           GROUP BY i.id
           HAVING i.held + i.sold > i.stock
               OR i.held <> coalesce(sum(s.quantity) FILTER (WHERE s.status = 'held'), 0)
               OR i.sold <> coalesce(sum(s.quantity) FILTER (WHERE s.status = 'paid'), 0)""",
    ),
    Invariant(
        10,
        "a room that ended holds no place, one that completed had all seats paid",
        """SELECT r.id, r.status, r.size, count(s.id) FILTER (WHERE s.status = 'held') AS held,
                  count(s.id) FILTER (WHERE s.status = 'paid' OR s.released = 'refunded') AS paid
           FROM groupbuy_room r LEFT JOIN groupbuy_seat s ON s.room_id = r.id
           WHERE r.status IN ('completed', 'failed', 'cancelled') GROUP BY r.id
           HAVING (r.status = 'completed'
                   AND count(s.id) FILTER (WHERE s.status = 'paid' OR s.released = 'refunded') < r.size)
               OR (r.status <> 'completed' AND count(s.id) FILTER (WHERE s.status = 'paid') > 0)
               OR count(s.id) FILTER (WHERE s.status = 'held') > 0""",
    ),
    Invariant(
        11,
        "a room that failed or was cancelled has exactly one refund order per paid seat",
        """SELECT s.id, s.room_id, s.released, count(f.id) FROM groupbuy_seat s
           JOIN groupbuy_room r ON r.id = s.room_id
           JOIN orders_orderline l ON l.id = s.line_id
           LEFT JOIN groupbuy_refundorder f ON f.line_id = s.line_id
           WHERE s.released IN ('room_failed', 'room_cancelled') AND s.paid_at IS NOT NULL
             AND l.amount_minor > 0
           GROUP BY s.id HAVING count(f.id) <> 1""",
    ),
    Invariant(
        11,
        "a payment for a seat is in a seat, is asked back, or was paid back",
        """SELECT l.id, l.seat, l.amount_minor FROM orders_orderline l
           JOIN orders_order o ON o.id = l.order_id
           WHERE l.seat <> '' AND l.refunded_minor < l.amount_minor
             AND o.refunded_minor < o.paid_minor
             AND NOT EXISTS (SELECT FROM groupbuy_seat s WHERE s.line_id = l.id)
             AND NOT EXISTS (SELECT FROM groupbuy_refundorder f WHERE f.line_id = l.id)""",
    ),
    Invariant(
        12,
        "a confirmed refund order was paid back",
        """SELECT f.id, f.amount_minor, l.refunded_minor FROM groupbuy_refundorder f
           JOIN orders_orderline l ON l.id = f.line_id
           WHERE (f.status = 'confirmed') <> (f.resolved_at IS NOT NULL)
              OR (f.status = 'confirmed' AND l.refunded_minor < f.amount_minor)""",
    ),
)

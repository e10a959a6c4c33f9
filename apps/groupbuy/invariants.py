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
        7,
        "a member has no more of an offer than the most generous of their rooms allows",
        """SELECT r.offer_id, s.member_id, count(*), count(*) FILTER (WHERE s.opens) AS hosted,
                  count(*) FILTER (WHERE r.status IN ('pending', 'open', 'closing')) AS open
           FROM groupbuy_seat s JOIN groupbuy_room r ON r.id = s.room_id
           WHERE s.status IN ('held', 'paid') GROUP BY 1, 2
           HAVING (bool_and(r.terms #>> '{limits,seats}' IS NOT NULL)
                   AND count(*) > max((r.terms #>> '{limits,seats}')::int))
               OR (bool_and(r.terms #>> '{limits,rooms_hosted}' IS NOT NULL) FILTER (WHERE s.opens)
                   AND count(*) FILTER (WHERE s.opens)
                       > max((r.terms #>> '{limits,rooms_hosted}')::int) FILTER (WHERE s.opens))
               OR (bool_and(r.terms #>> '{limits,open_at_once}' IS NOT NULL)
                     FILTER (WHERE r.status IN ('pending', 'open', 'closing'))
                   AND count(*) FILTER (WHERE r.status IN ('pending', 'open', 'closing'))
                       > max((r.terms #>> '{limits,open_at_once}')::int)
                         FILTER (WHERE r.status IN ('pending', 'open', 'closing')))""",
    ),
    Invariant(
        7,
        "a seat for new members is paid by somebody's first order, but the host's",
        """SELECT s.id, s.room_id, s.member_id, o.nth FROM groupbuy_seat s
           JOIN groupbuy_room r ON r.id = s.room_id
           JOIN orders_orderline l ON l.id = s.line_id JOIN orders_order o ON o.id = l.order_id
           WHERE r.terms -> 'new_members_only' = 'true'::jsonb AND NOT s.opens AND o.nth > 1""",
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
        "a room that ended holds no place, one that completed had all the seats it needs paid",
        """SELECT r.id, r.status, r.size, count(s.id) FILTER (WHERE s.status = 'held') AS held,
                  count(s.id) FILTER (WHERE s.status = 'paid' OR s.released = 'refunded') AS paid
           FROM groupbuy_room r LEFT JOIN groupbuy_seat s ON s.room_id = r.id
           WHERE r.status IN ('completed', 'failed', 'cancelled') GROUP BY r.id
           HAVING (r.status = 'completed'
                   AND count(s.id) FILTER (WHERE s.status = 'paid' OR s.released = 'refunded')
                       < coalesce(r.headcount, r.size))
               OR (r.status <> 'completed' AND count(s.id) FILTER (WHERE s.status = 'paid') > 0)
               OR count(s.id) FILTER (WHERE s.status = 'held') > 0""",
    ),
    Invariant(
        10,
        "a room completes short only where its terms say so, with the least of seats they name",
        """SELECT id, size, headcount, terms ->> 'at_deadline', terms ->> 'minimum_seats'
           FROM groupbuy_room
           WHERE headcount < size
             AND (coalesce(terms ->> 'at_deadline', 'fail') <> 'complete_short'
                  OR headcount < coalesce((terms ->> 'minimum_seats')::int, 1))""",
    ),
    Invariant(
        10,
        "a seat costs what its room's terms say, whatever became of the offer",
        """SELECT s.id, s.room_id, s.price_minor, item ->> 'group_price_minor', s.quantity
           FROM groupbuy_seat s JOIN groupbuy_room r ON r.id = s.room_id
           LEFT JOIN LATERAL jsonb_array_elements(r.terms -> 'items') item
             ON (item ->> 'id')::bigint = s.item_id
           WHERE r.terms <> '{}'::jsonb AND s.price_minor IS DISTINCT FROM greatest(
                 (item ->> 'group_price_minor')::bigint * s.quantity - CASE WHEN s.opens
                 THEN coalesce((r.terms ->> 'host_discount_minor')::bigint, 0) ELSE 0 END, 0)""",
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
        "what a final price leaves over goes back once: as a refund order or as points",
        """SELECT s.id, s.room_id, s.settlement, s.price_minor, s.final_price_minor,
                  f.amount_minor, s.credited_points
           FROM groupbuy_seat s JOIN groupbuy_room r ON r.id = s.room_id
           LEFT JOIN groupbuy_refundorder f ON f.seat_id = s.id AND f.why = 'step_price'
           WHERE (s.settlement = 'refund') <> (f.id IS NOT NULL)
              OR (s.settlement IN ('credit', 'taken_back')) <> (s.credited_points > 0)
              OR f.amount_minor > s.price_minor - s.final_price_minor
              OR (s.final_price_minor IS NOT NULL AND r.status <> 'completed')
              OR (s.final_price_minor < s.price_minor AND s.settlement = '')""",
    ),
    Invariant(
        3,
        "a refund order resolves once: confirmed it is one refund of its amount, else none",
        """SELECT f.id, f.status, f.amount_minor, r.applied_minor FROM groupbuy_refundorder f
           JOIN orders_orderline l ON l.id = f.line_id
           LEFT JOIN orders_refund r
             ON r.order_id = l.order_id AND r.refund_id = 'engine:' || f.public_id
           WHERE (f.status = 'confirmed') <> (f.resolved_at IS NOT NULL)
              OR (f.status = 'confirmed' AND f.amount_minor <> coalesce(r.applied_minor, 0))
              OR (f.status <> 'confirmed' AND r.id IS NOT NULL)""",
    ),
    Invariant(
        3,
        "a refund order the shop has not answered is asked for again, or parked",
        """SELECT id, status, ask_again_at, parked_at FROM groupbuy_refundorder
           WHERE (status = 'requested') <> ((ask_again_at IS NULL) <> (parked_at IS NULL))
              OR (ask_again_at IS NOT NULL AND parked_at IS NOT NULL)""",
    ),
    Invariant(
        12,
        "a refund order asks for no more than is kept of what was paid for its line",
        """SELECT f.id, f.status, f.amount_minor, f.reduced_minor, l.amount_minor, l.refunded_minor
           FROM groupbuy_refundorder f
           JOIN orders_orderline l ON l.id = f.line_id JOIN orders_order o ON o.id = l.order_id
           WHERE f.amount_minor + f.reduced_minor > l.amount_minor
              OR (f.status = 'confirmed' AND f.amount_minor > l.refunded_minor)
              OR (f.status <> 'confirmed' AND f.amount_minor > least(
                  l.amount_minor - l.refunded_minor, o.paid_minor - o.refunded_minor))""",
    ),
    Invariant(
        12,
        "the refund orders of an order ask together for no more than it has left",
        """SELECT o.id, sum(f.amount_minor), o.paid_minor, o.refunded_minor
           FROM groupbuy_refundorder f
           JOIN orders_orderline l ON l.id = f.line_id JOIN orders_order o ON o.id = l.order_id
           WHERE f.status <> 'confirmed'
           GROUP BY o.id HAVING sum(f.amount_minor) > o.paid_minor - o.refunded_minor""",
    ),
)

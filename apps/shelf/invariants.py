"""What the shelf promises, as SQL that finds where it is broken."""

from apps.core.invariants import Invariant

SHELF = (
    Invariant(
        8,
        "an item's sold count is its exchanges, within its stock",
        """SELECT i.id, i.public_id, i.sold, i.stock, count(e.id)
           FROM shelf_shelfitem i
           LEFT JOIN shelf_exchange e ON e.item_id = i.id AND e.status = 'done'
           GROUP BY i.id
           HAVING i.sold <> count(e.id) OR i.sold > i.stock""",
    ),
    Invariant(
        3,
        "an exchange spent its points once, and they returned exactly when it was cancelled",
        """SELECT e.id, e.public_id, e.status, e.points, t.spent, t.back FROM shelf_exchange e
           LEFT JOIN LATERAL (
               SELECT coalesce(sum(p.amount) FILTER (WHERE debit.member_id IS NOT NULL), 0) AS spent,
                      coalesce(sum(p.amount) FILTER (WHERE credit.member_id IS NOT NULL), 0) AS back
               FROM points_transfer p
               JOIN points_account debit ON debit.id = p.debit_id
               JOIN points_account credit ON credit.id = p.credit_id
               WHERE p.reference = e.public_id
                 AND (debit.purpose = 'spent' OR credit.purpose = 'spent')) t ON true
           WHERE t.spent <> e.points OR t.back <> (e.status = 'cancelled')::int * e.points""",
    ),
    Invariant(
        3,
        "a cancelled exchange asks the shop for no gift, and a done one has one or a coupon",
        """SELECT e.id, e.public_id, e.status, f.status AS gift FROM shelf_exchange e
           LEFT JOIN obligations_fulfilment f ON f.public_id = e.fulfilment
           WHERE (e.fulfilment <> '') = (e.coupon <> '')
              OR (e.status = 'cancelled' AND f.status <> 'cancelled')""",
    ),
)

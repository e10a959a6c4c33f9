"""What coupons promise, as SQL that finds where it is broken."""

from apps.core.invariants import Invariant

COUPONS = (
    Invariant(
        3,
        "a coupon belongs to an order exactly while it is reserved or redeemed",
        """SELECT id, public_id, status, order_id, reserved_until, redeemed_at FROM coupons_coupon
           WHERE (status IN ('reserved', 'redeemed')) <> (order_id <> '')
              OR (status = 'reserved') <> (reserved_until IS NOT NULL)
              OR (status = 'redeemed') <> (redeemed_at IS NOT NULL)
              OR (status IN ('reserved', 'redeemed') AND member_id IS NULL)""",
    ),
    Invariant(
        6,
        "redeemed ≤ issued ≤ cap, and issued is what the counted coupons add up to",
        """SELECT t.id, t.public_id, t.issue_cap, t.issued, coalesce(c.counted, 0) AS counted,
                  coalesce(c.redeemed, 0) AS redeemed
           FROM coupons_template t LEFT JOIN (
               SELECT template_id, count(*) FILTER (WHERE counted) AS counted,
                      count(*) FILTER (WHERE status = 'redeemed') AS redeemed
               FROM coupons_coupon GROUP BY template_id) c ON c.template_id = t.id
           WHERE t.issued <> coalesce(c.counted, 0) OR t.issued > t.issue_cap
              OR coalesce(c.redeemed, 0) > t.issued""",
    ),
    Invariant(
        6,
        "a member's coupons of a template are numbered once each, within the member's limit",
        """SELECT t.id, c.member_id, count(*), max(c.nth), t.member_limit
           FROM coupons_coupon c JOIN coupons_template t ON t.id = c.template_id
           WHERE c.member_id IS NOT NULL AND c.counted
           GROUP BY t.id, c.member_id
           HAVING count(*) <> count(DISTINCT c.nth) OR max(c.nth) > t.member_limit""",
    ),
    Invariant(
        6,
        "what is held for guests is what their open claims hold, and test and live never meet",
        """SELECT t.id, t.guest_held, count(k.id) AS held FROM coupons_template t
           LEFT JOIN coupons_claim k ON k.template_id = t.id AND k.status = 'open'
               AND EXISTS (SELECT FROM coupons_coupon c
                           WHERE c.id = k.coupon_id AND c.reference = 'claimed by a guest')
           GROUP BY t.id HAVING t.guest_held <> count(k.id)
           UNION ALL
           SELECT c.id, c.template_id, c.member_id FROM coupons_coupon c
           JOIN coupons_template t ON t.id = c.template_id
           LEFT JOIN members_member m ON m.id = c.member_id
           WHERE c.is_test <> t.is_test OR m.is_test <> t.is_test""",
    ),
    Invariant(
        6,
        "a code of a pool is handed out once, and a batch made what it says",
        """SELECT p.id, p.code, c.code FROM coupons_poolcode p
           JOIN coupons_coupon c ON c.id = p.coupon_id
           WHERE c.code <> p.code OR c.template_id <> p.template_id
           UNION ALL
           SELECT b.id, b.made::text, count(c.id)::text FROM coupons_batch b
           LEFT JOIN coupons_coupon c ON c.batch_id = b.id
           GROUP BY b.id HAVING b.made <> count(c.id)""",
    ),
)

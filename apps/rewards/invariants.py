from apps.core.invariants import Invariant

REWARDS = (
    Invariant(
        4,
        "one grant per (policy, subject, member)",
        """SELECT policy, subject, member_id, count(*) FROM rewards_grant
           GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    ),
    Invariant(
        5,
        "a budget's reserved and spent are what its grants and counted discounts cost",
        """SELECT b.campaign_id, b.reserved_minor, b.spent_minor, cost.pending, cost.settled,
                  discounts.reserved, discounts.spent
           FROM campaigns_budget b CROSS JOIN LATERAL (
               SELECT coalesce(sum(cost_minor) FILTER (
                          WHERE status IN ('pending', 'review')), 0) AS pending,
                      coalesce(sum(cost_minor) FILTER (
                          WHERE status IN ('settled', 'clawed_back')), 0) AS settled
               FROM rewards_grant WHERE campaign_id = b.campaign_id) cost
           CROSS JOIN LATERAL (
               SELECT coalesce(sum(s.discount_minor) FILTER (
                          WHERE s.discount = 'reserved'), 0) AS reserved,
                      coalesce(sum(s.discount_minor) FILTER (WHERE s.discount = 'spent'), 0) AS spent
               FROM groupbuy_seat s
               JOIN groupbuy_room r ON r.id = s.room_id
               JOIN groupbuy_offer o ON o.id = r.offer_id
               WHERE o.campaign_id = b.campaign_id AND s.discount <> '') discounts
           WHERE b.reserved_minor <> cost.pending + discounts.reserved
              OR b.spent_minor <> cost.settled + discounts.spent""",
    ),
    Invariant(
        12,
        "a grant gives back at most what was given, and as much as its claw backs say",
        """SELECT g.id, g.amount, g.taken_back, coalesce(sum(c.amount), 0), g.status
           FROM rewards_grant g LEFT JOIN rewards_clawback c ON c.grant_id = g.id
           GROUP BY g.id
           HAVING g.taken_back > g.amount OR g.taken_back <> coalesce(sum(c.amount), 0)
               OR (g.taken_back = g.amount) <> (g.status IN ('void', 'clawed_back'))""",
    ),
    Invariant(
        2,
        "a member's pending points are those of their pending grants",
        """SELECT a.member_id, a.balance, coalesce(sum(g.amount - g.taken_back), 0)
           FROM points_account a
           LEFT JOIN rewards_grant g ON g.member_id = a.member_id AND g.status = 'pending'
                                  AND g.kind = 'points'
           WHERE a.purpose = 'pending' GROUP BY a.id
           HAVING a.balance <> coalesce(sum(g.amount - g.taken_back), 0)""",
    ),
    Invariant(
        4,
        "a goodwill's grants go to its members, after somebody else approved it",
        """SELECT w.public_id, w.status, w.done_at, jsonb_array_length(w.members), count(g.id), w.refusals
           FROM rewards_goodwill w LEFT JOIN rewards_grant g ON g.goodwill_id = w.id
           GROUP BY w.id
           HAVING (count(g.id) > 0 AND w.status <> 'approved')
               OR bool_or(NOT w.members @> to_jsonb(g.member_id) OR w.refusals ? g.member_id::text)
               OR (w.decided_by_id = w.proposed_by_id)
               OR (w.decided_with <> '' AND w.decided_with = w.proposed_with)
               OR count(g.id) + (SELECT count(*) FROM jsonb_object_keys(w.refusals))
                  > jsonb_array_length(w.members)
               OR (w.done_at IS NOT NULL
                   AND count(g.id) + (SELECT count(*) FROM jsonb_object_keys(w.refusals))
                       < jsonb_array_length(w.members))""",
    ),
)

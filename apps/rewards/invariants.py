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
        "a budget's reserved and spent are what its grants cost",
        """SELECT b.campaign_id, b.reserved_minor, b.spent_minor,
                  coalesce(sum(g.cost_minor) FILTER (WHERE g.status = 'pending'), 0) AS pending,
                  coalesce(sum(g.cost_minor) FILTER (WHERE g.status = 'settled'), 0) AS settled
           FROM campaigns_budget b LEFT JOIN rewards_grant g ON g.campaign_id = b.campaign_id
           GROUP BY b.id
           HAVING b.reserved_minor <> coalesce(sum(g.cost_minor) FILTER (WHERE g.status = 'pending'), 0)
               OR b.spent_minor <> coalesce(sum(g.cost_minor) FILTER (WHERE g.status = 'settled'), 0)""",
    ),
    Invariant(
        12,
        "a grant gives back at most what was given, and as much as its claw backs say",
        """SELECT g.id, g.points, g.taken_back, coalesce(sum(c.points), 0), g.status
           FROM rewards_grant g LEFT JOIN rewards_clawback c ON c.grant_id = g.id
           GROUP BY g.id
           HAVING g.taken_back > g.points OR g.taken_back <> coalesce(sum(c.points), 0)
               OR (g.taken_back = g.points) <> (g.status IN ('void', 'clawed_back'))""",
    ),
    Invariant(
        2,
        "a member's pending points are those of their pending grants",
        """SELECT a.member_id, a.balance, coalesce(sum(g.points - g.taken_back), 0)
           FROM points_account a
           LEFT JOIN rewards_grant g ON g.member_id = a.member_id AND g.status = 'pending'
           WHERE a.purpose = 'pending' GROUP BY a.id
           HAVING a.balance <> coalesce(sum(g.points - g.taken_back), 0)""",
    ),
)

"""What tiers promise, as SQL that finds where it is broken."""

from apps.core.invariants import Invariant

TIERS = (
    Invariant(
        2,
        "a membership's growth is the sum of its entries that still count, and never below 0",
        """SELECT m.id, m.member_id, m.growth, coalesce(sum(e.amount), 0) AS counted
           FROM tiers_membership m
           LEFT JOIN tiers_growthentry e
                  ON e.member_id = m.member_id AND e.counts_until > m.counted_to
           GROUP BY m.id
           HAVING m.growth <> coalesce(sum(e.amount), 0) OR m.growth < 0""",
    ),
    Invariant(
        12,
        "a take-back takes at most what its entry brought, counts as long, and for the same member",
        """SELECT e.id, e.key, e.amount, sum(t.amount) AS taken FROM tiers_growthentry e
           JOIN tiers_growthentry t ON t.takes_from_id = e.id
           GROUP BY e.id
           HAVING e.amount + sum(t.amount) < 0 OR e.amount <= 0
               OR bool_or(t.counts_until <> e.counts_until OR t.member_id <> e.member_id)""",
    ),
    Invariant(
        14,
        "a tier is reached once per member, tier and period, and its event says so once",
        """SELECT c.member_id, c.tier_id, c.period, count(DISTINCT c.id), count(e.id)
           FROM tiers_tierchange c
           JOIN tiers_tier t ON t.id = c.tier_id
           JOIN members_member m ON m.id = c.member_id
           LEFT JOIN core_event e
                  ON e.key = 'tier.reached:' || m.public_id || ':' || t.code || ':' || c.period
           WHERE c.kind = 'reached'
           GROUP BY 1, 2, 3 HAVING count(DISTINCT c.id) <> 1 OR count(e.id) <> 1""",
    ),
    Invariant(
        1,
        "a growth entry never changes: a trigger keeps it",
        """SELECT 0, 'the trigger is missing or off' WHERE NOT EXISTS (
               SELECT FROM pg_trigger
               WHERE tgrelid = 'tiers_growthentry'::regclass
                 AND tgname = 'growth_entry_immutable' AND tgenabled IN ('O', 'A'))""",
    ),
    Invariant(
        14,
        "a membership is due no later than its growth leaves or its period ends",
        """SELECT m.id, m.member_id, m.due_at FROM tiers_membership m
           WHERE m.due_at IS DISTINCT FROM least(
               coalesce(m.grace_until, m.period_end),
               (SELECT min(e.counts_until) FROM tiers_growthentry e
                WHERE e.member_id = m.member_id AND e.counts_until > m.counted_to))""",
    ),
    Invariant(
        14,
        "thresholds rise with ranks, and members stand on the ladder of their own mode",
        """SELECT 'thresholds' AS what, low.id, high.id AS other FROM tiers_tier low
           JOIN tiers_tier high ON high.ladder_id = low.ladder_id AND high.rank > low.rank
           WHERE high.threshold <= low.threshold
           UNION ALL
           SELECT 'mode', s.id, t.id FROM tiers_membership s
           JOIN members_member m ON m.id = s.member_id
           JOIN tiers_tier t ON t.id = s.tier_id
           JOIN tiers_ladder l ON l.id = t.ladder_id
           WHERE l.is_test <> m.is_test""",
    ),
)

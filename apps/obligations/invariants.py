"""What the shop owes, as SQL that finds where it does not add up."""

from apps.core.invariants import Invariant

OBLIGATIONS = (
    Invariant(
        3,
        "a statement's total is the sum of its lines, which count until it failed",
        """SELECT p.id, p.public_id, p.status, p.total_minor, sum(l.amount_minor)
           FROM obligations_payout p LEFT JOIN obligations_payoutline l ON l.payout_id = p.id
           GROUP BY p.id
           HAVING p.total_minor <> coalesce(sum(l.amount_minor), 0) OR p.total_minor <= 0
               OR coalesce(bool_or(l.counts), false) <> (p.status <> 'failed')
               OR coalesce(bool_and(l.counts), false) <> (p.status <> 'failed')""",
    ),
    Invariant(
        3,
        "a payable or deduction is in the one statement whose line counts, and no other",
        """SELECT 'payable' AS what, row.id, row.payout_id, count(l.id)
           FROM obligations_payable row
           LEFT JOIN obligations_payoutline l ON l.payable_id = row.id AND l.counts
           GROUP BY row.id
           HAVING count(l.id) <> (row.payout_id IS NOT NULL)::int
               OR bool_or(l.payout_id <> row.payout_id)
           UNION ALL
           SELECT 'deduction', row.id, row.payout_id, count(l.id)
           FROM obligations_deduction row
           LEFT JOIN obligations_payoutline l ON l.deduction_id = row.id AND l.counts
           GROUP BY row.id
           HAVING count(l.id) <> (row.payout_id IS NOT NULL)::int
               OR bool_or(l.payout_id <> row.payout_id)""",
    ),
    Invariant(
        3,
        "a member has one open statement per currency at most",
        """SELECT member_id, currency, count(*) FROM obligations_payout
           WHERE status = 'requested' GROUP BY 1, 2 HAVING count(*) > 1""",
    ),
    Invariant(
        12,
        "a payable gives back at most what it was, as much as its take backs say",
        """SELECT p.id, p.public_id, p.status, p.amount_minor, p.taken_back_minor
           FROM obligations_payable p LEFT JOIN obligations_takeback t ON t.payable_id = p.id
           GROUP BY p.id
           HAVING p.taken_back_minor > p.amount_minor
               OR p.taken_back_minor <> coalesce(sum(t.amount_minor), 0)
               OR (p.status = 'void') <> (p.taken_back_minor = p.amount_minor
                                          AND p.payout_id IS NULL)""",
    ),
    Invariant(
        12,
        "what is owed back is deducted as it was taken, for the same member",
        """SELECT t.id, t.payable_id, t.amount_minor, d.amount_minor
           FROM obligations_takeback t
           JOIN obligations_payable p ON p.id = t.payable_id
           LEFT JOIN obligations_deduction d ON d.take_back_id = t.id
           WHERE t.is_owed <> (d.id IS NOT NULL)
              OR d.amount_minor <> t.amount_minor OR d.member_id <> p.member_id
              OR d.currency <> p.currency""",
    ),
    Invariant(
        12,
        "money owed = due − taken back − paid: what waits, is asked for, or is owed back",
        """SELECT member_id, currency, sum(due) AS should_be, sum(stands) AS stands FROM (
               SELECT member_id, currency, amount_minor - taken_back_minor AS due,
                      CASE WHEN payout_id IS NULL THEN amount_minor - taken_back_minor ELSE 0 END
                          AS stands
               FROM obligations_payable WHERE status = 'due'
               UNION ALL
               SELECT member_id, currency, CASE WHEN status = 'confirmed' THEN -total_minor ELSE 0 END,
                      CASE WHEN status = 'requested' THEN total_minor ELSE 0 END
               FROM obligations_payout
               UNION ALL
               SELECT member_id, currency, 0, -amount_minor
               FROM obligations_deduction WHERE payout_id IS NULL AND released_at IS NULL) money
           GROUP BY 1, 2 HAVING sum(due) <> sum(stands)""",
    ),
)

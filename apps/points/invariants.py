"""What the ledger promises, as SQL that finds where it is broken."""

from apps.core.invariants import Invariant

POINTS = (
    Invariant(
        1,
        "a transfer moves more than nothing between two accounts, and a trigger keeps it unchanged",
        """SELECT id, key, amount FROM points_transfer WHERE amount <= 0 OR debit_id = credit_id
           UNION ALL
           SELECT 0, 'the trigger is missing or off', 0 WHERE NOT EXISTS (
               SELECT FROM pg_trigger
               WHERE tgrelid = 'points_transfer'::regclass
                 AND tgname = 'points_transfer_immutable' AND tgenabled IN ('O', 'A'))""",
    ),
    Invariant(
        2,
        "a member account's balance is the sum of its transfers, within its sign",
        """SELECT account.id, account.purpose, account.balance, coalesce(moved.total, 0) AS moved
           FROM points_account account
           LEFT JOIN (
               SELECT account_id, sum(points) AS total FROM (
                   SELECT credit_id AS account_id, amount AS points FROM points_transfer
                   UNION ALL
                   SELECT debit_id, -amount FROM points_transfer) legs
               GROUP BY account_id) moved ON moved.account_id = account.id
           WHERE (account.member_id IS NOT NULL AND account.balance <> coalesce(moved.total, 0))
              OR (account.member_id IS NULL AND account.balance <> 0)
              OR (account.purpose IN ('available', 'pending') AND account.balance < 0)
              OR (account.purpose = 'debt' AND account.balance > 0)""",
    ),
    Invariant(
        2,
        "an available balance is what remains of its lots, and nothing else has lots",
        """SELECT account.id, account.purpose, account.balance, coalesce(sum(lot.remaining), 0)
           FROM points_account account
           LEFT JOIN points_lot lot ON lot.account_id = account.id
           GROUP BY account.id
           HAVING (account.purpose = 'available'
                   AND account.balance <> coalesce(sum(lot.remaining), 0))
               OR (account.purpose <> 'available' AND count(lot.id) > 0)""",
    ),
)

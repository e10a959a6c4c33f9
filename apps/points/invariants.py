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
              OR (account.purpose IN ('available', 'pending', 'reserved') AND account.balance < 0)
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
    Invariant(
        2,
        "what is reserved is what the open reservations hold",
        """SELECT coalesce(held.member_id, open.member_id), held.balance, open.points
           FROM (SELECT member_id, balance FROM points_account WHERE purpose = 'reserved') held
           FULL JOIN (SELECT member_id, sum(amount) AS points FROM points_reservation
                      WHERE status = 'reserved' GROUP BY member_id) open
             ON open.member_id = held.member_id
           WHERE coalesce(held.balance, 0) <> coalesce(open.points, 0)""",
    ),
    Invariant(
        3,
        "a reservation resolves once: its transfers say what its status says",
        """SELECT r.id, r.public_id, r.status, r.amount, r.returned,
                  coalesce(sum(t.amount) FILTER (WHERE t.kind = 'spend'), 0) AS captured,
                  coalesce(sum(t.amount) FILTER (WHERE t.kind = 'release'), 0) AS released
           FROM points_reservation r
           LEFT JOIN points_transfer t
             ON t.key IN ('capture:' || r.public_id, 'release:' || r.public_id)
           GROUP BY r.id
           HAVING coalesce(sum(t.amount) FILTER (WHERE t.kind = 'spend'), 0)
                  <> CASE r.status WHEN 'captured' THEN r.amount ELSE 0 END
               OR coalesce(sum(t.amount) FILTER (WHERE t.kind = 'release'), 0)
                  <> CASE r.status WHEN 'released' THEN r.amount ELSE 0 END""",
    ),
    Invariant(
        12,
        "what a reservation or a spending took and has not given back is what its lots still miss",
        """SELECT r.id, r.public_id, r.status, r.amount, r.returned, sum(taking.amount) AS took,
                  sum(taking.returned) AS gave
           FROM points_reservation r
           LEFT JOIN points_taking taking ON taking.transfer_id = r.transfer_id
           GROUP BY r.id
           HAVING coalesce(sum(taking.amount), 0) <> r.amount
               OR coalesce(sum(taking.returned), 0)
                  <> CASE r.status WHEN 'released' THEN r.amount ELSE r.returned END
           UNION ALL
           SELECT lot.id, 'lot', 'missing', lot.amount, lot.remaining, sum(taking.amount),
                  sum(taking.returned)
           FROM points_lot lot JOIN points_taking taking ON taking.lot_id = lot.id
           GROUP BY lot.id
           HAVING lot.amount - lot.remaining < sum(taking.amount - taking.returned)""",
    ),
    Invariant(
        12,
        "an approved adjustment moved its points, and no other did",
        """SELECT adjustment.id, adjustment.public_id, adjustment.status, adjustment.amount,
                  coalesce(sum(t.amount), 0) AS moved
           FROM points_adjustment adjustment
           LEFT JOIN points_transfer t ON t.key IN (
             'adjust:' || adjustment.public_id, 'adjust:' || adjustment.public_id || ':debt')
           GROUP BY adjustment.id
           HAVING coalesce(sum(t.amount), 0)
                  <> CASE adjustment.status WHEN 'approved' THEN abs(adjustment.amount) ELSE 0 END""",
    ),
)

-- One transfer between two of many accounts: lock both by id, write the transfer, carry the balances.
-- The least SQL that does: one statement, one round trip, one commit. No lots, no reservation, no
-- check that the points are there but the account's own constraint.
\set from random(0, :accounts - 1)
\set to (:from + random(1, :accounts - 1)) % :accounts
WITH change AS (
  SELECT * FROM (VALUES (:first::bigint + :from, -1), (:first::bigint + :to, 1)) AS part (id, points)
), held AS (
  SELECT id FROM points_account WHERE id IN (:first::bigint + :from, :first::bigint + :to)
  ORDER BY id FOR NO KEY UPDATE
), transfer AS (
  INSERT INTO points_transfer (
    public_id, key, kind, debit_id, credit_id, amount, reference, occurred_at
  )
  SELECT 'trf_' || left(replace(gen_random_uuid()::text, '-', ''), 22), gen_random_uuid()::text,
         'spend', :first::bigint + :from, :first::bigint + :to, 1, 'order-1', engine_now()
)
UPDATE points_account account SET balance = balance + change.points
FROM held JOIN change USING (id)
WHERE account.id = held.id;

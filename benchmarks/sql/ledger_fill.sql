-- Members whose available account is so full that no transfer of a run empties it; the first id of
-- as many accounts without a gap.
WITH member AS (
  INSERT INTO members_member (public_id, is_test)
  SELECT 'mem_' || left(replace(gen_random_uuid()::text, '-', ''), 22), false
  FROM generate_series(1, %(accounts)s)
  RETURNING id
), account AS (
  INSERT INTO points_account (public_id, member_id, purpose, balance)
  SELECT 'acc_' || left(replace(gen_random_uuid()::text, '-', ''), 22), id, 'available', 10^12
  FROM member
  RETURNING id
)
SELECT min(id), max(id) FROM account;

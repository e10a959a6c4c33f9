-- The next members that are due keep their tier for another period: what left is subtracted, the
-- period begins anew, and the history says so. One statement for all, nothing read but the rows, and
-- what each has lost and earned taken as known.
WITH due AS (
  SELECT id, member_id, tier_id, period_end AS at FROM tiers_membership
  WHERE due_at <= now() ORDER BY due_at, id LIMIT %(acts)s
  FOR NO KEY UPDATE
), moved AS (
  UPDATE tiers_membership membership
  SET growth = growth - 60, counted_to = now(), period_start = at,
      period_end = at + interval '365 days', due_at = at + interval '365 days'
  FROM due WHERE membership.id = due.id
), kept AS (
  INSERT INTO tiers_tierchange (
    member_id, kind, tier_id, period, period_end, first, import_key, occurred_at
  )
  SELECT member_id, 'kept', tier_id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
         at + interval '365 days', false, '', at
  FROM due
  RETURNING id
)
SELECT count(*) FROM kept;

-- Put everybody of the tier, or of none yet, back to the day their period ended: due, and to be seen.
UPDATE tiers_membership
SET growth = 210, counted_to = %(counted_to)s, tier_id = %(tier_id)s, since = %(since)s,
    period_start = %(since)s, period_end = %(ends_at)s, grace_until = NULL, due_at = %(leaves_at)s
WHERE due_at IS NULL OR due_at > now();

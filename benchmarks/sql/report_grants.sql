-- A reward for whoever brought somebody, for each of them: settled three days later.
INSERT INTO rewards_grant (
  public_id, campaign_id, policy, subject, beneficiary, member_id, kind, amount, taken_back, lost,
  full_cost_minor, cost_minor, what, status, granted_at, settled_at
)
SELECT 'grt_' || left(md5('report ' || c.id), 22), c.campaign_id, 'pol_report', c.public_id, 'referrer',
       r.member_id, 'points', 500, 0, 0, 500, 500, '',
       CASE WHEN c.confirmed_at < now() - interval '3 days' THEN 'settled' ELSE 'pending' END,
       c.confirmed_at,
       CASE WHEN c.confirmed_at < now() - interval '3 days' THEN c.confirmed_at + interval '3 days' END
FROM invites_participant c JOIN invites_participant r ON r.id = c.referrer_id
WHERE c.campaign_id = %(campaign_id)s AND c.confirmed_at IS NOT NULL

-- More members of one tier, each with growth that is about to leave the window and growth that stays.
-- Names are counted, not drawn, so that their indexes grow at the end.
WITH member AS (
  INSERT INTO members_member (public_id, is_test)
  SELECT 'mem_' || lpad((%(made)s + nth)::text, 22, '0'), false
  FROM generate_series(1, %(members)s) AS nth
  RETURNING id
), entry AS (
  INSERT INTO tiers_growthentry (
    public_id, member_id, key, part, asked, amount, reference, occurred_at, counts_until
  )
  SELECT 'gro_' || lpad(id || '-' || amount, 22, '0'), id, 'bench:' || id || ':' || amount,
         0, amount, amount, '', now() - interval '1 year', until
  FROM member, (
    VALUES (60, %(leaves_at)s::timestamptz), (150, %(leaves_at)s::timestamptz + interval '2 years')
  ) AS growth (amount, until)
)
INSERT INTO tiers_membership (member_id, growth, counted_to)
SELECT id, 210, %(counted_to)s FROM member;

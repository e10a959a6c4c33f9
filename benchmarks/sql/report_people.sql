-- The next generation of a campaign's forest, each with a link of its own: seeds over thirty days, or
-- people brought by one of the generation before, few of whom bring most. Some come in the future: they
-- are not confirmed yet. Generations have consecutive ids, from `first` on, `above` of them.
WITH member AS (
  INSERT INTO members_member (public_id, is_test)
  SELECT 'mem_' || left(md5('report ' || %(generation)s || ' ' || nth), 22), false
  FROM generate_series(1, %(people)s) AS nth
  RETURNING id
), newcomer AS MATERIALIZED (
  SELECT id AS member_id,
         CASE WHEN %(generation)s > 0
              THEN %(first)s + floor(power(random(), 3) * %(above)s)::bigint END AS referrer_id
  FROM member
), place AS MATERIALIZED (
  SELECT newcomer.member_id, r.id AS referrer_id, coalesce(r.root_id, r.id) AS root_id,
         coalesce(r.confirmed_at, CASE WHEN r.id IS NULL THEN now() - interval '30 days' * random() END)
           - CASE WHEN r.id IS NULL THEN interval '0' ELSE interval '1 day' * ln(1 - random()) END AS came_at
  FROM newcomer LEFT JOIN invites_participant r ON r.id = newcomer.referrer_id
), participant AS (
  INSERT INTO invites_participant (
    public_id, campaign_id, member_id, referrer_id, root_id, generation, version_id, variant, crossed,
    circumstances, status, joined_at, confirmed_at
  )
  SELECT 'par_' || left(md5(member_id::text), 22), %(campaign_id)s, member_id, referrer_id, root_id,
         %(generation)s, %(version_id)s, '', false, '{}',
         CASE WHEN came_at < now() THEN 'confirmed' ELSE 'provisional' END,
         least(came_at, now()), CASE WHEN came_at < now() THEN came_at END
  FROM place
  RETURNING id, joined_at
), link AS (
  INSERT INTO invites_link (code, participant_id, room, is_default, created_at)
  SELECT left(md5('report ' || id), 14), id, '', true, joined_at FROM participant
  RETURNING id
)
SELECT min(id), count(*) FROM participant

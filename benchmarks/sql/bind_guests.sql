-- New members, each of whom has just opened one of the links, in turn; the first id of the members and
-- of the visits. All ids follow one another.
WITH member AS (
  INSERT INTO members_member (public_id, is_test)
  SELECT 'mem_' || left(replace(gen_random_uuid()::text, '-', ''), 22), false
  FROM generate_series(1, %(guests)s)
  RETURNING id
), visit AS (
  INSERT INTO invites_visit (click_id, link_id, channel, device, visitor, skipped, opened_at)
  SELECT 'vis_' || left(replace(gen_random_uuid()::text, '-', ''), 22),
         %(first_link)s + (nth - 1) %% %(links)s, '', 'phone', '', '', engine_now()
  FROM generate_series(1, %(guests)s) AS nth
  RETURNING id
)
SELECT (SELECT min(id) FROM member), (SELECT min(id) FROM visit)

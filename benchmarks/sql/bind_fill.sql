-- A line of so many participants one below the other, and below its end those whose links bring
-- people; the first id of their participants, and of their links. All ids follow one another.
WITH wanted AS MATERIALIZED (
  SELECT nth, nextval(pg_get_serial_sequence('invites_participant', 'id')) AS id,
         nextval(pg_get_serial_sequence('members_member', 'id')) AS member_id
  FROM generate_series(1, %(above)s + %(links)s) AS nth
), line AS (
  SELECT nth, id, member_id, least(nth - 1, %(above)s) AS generation,
         first_value(id) OVER (ORDER BY nth) AS root_id,
         nth_value(id, greatest(%(above)s, 1)) OVER (
           ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
         ) AS last_above,
         lag(id) OVER (ORDER BY nth) AS before
  FROM wanted
), member AS (
  INSERT INTO members_member (id, public_id, is_test)
  SELECT member_id, 'mem_' || left(md5('line ' || member_id), 22), false FROM line
), participant AS (
  INSERT INTO invites_participant (
    id, public_id, campaign_id, member_id, referrer_id, root_id, generation, version_id, variant,
    crossed, circumstances, status, joined_at
  )
  SELECT id, 'par_' || left(md5('line ' || id), 22), %(campaign_id)s, member_id,
         CASE WHEN generation = 0 THEN NULL WHEN nth > %(above)s THEN last_above ELSE before END,
         CASE WHEN generation = 0 THEN NULL ELSE root_id END,
         generation, %(version_id)s, '', false, '{}', 'provisional', now()
  FROM line
), link AS (
  INSERT INTO invites_link (code, participant_id, room, is_default)
  SELECT left(md5('line ' || id), 14), id, '', true FROM line WHERE nth > %(above)s ORDER BY nth
  RETURNING id
)
SELECT (SELECT id FROM line WHERE nth = %(above)s + 1), (SELECT min(id) FROM link)

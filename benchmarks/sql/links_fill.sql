-- More links of a campaign, each of a participant of its own, and ten visits of each. The participants
-- are trees: the nth was brought by the one whose number is the nth's without its last digit, so that
-- whoever has friends has ten. Codes and click ids are hashed from numbers, so that they lie anywhere
-- in their indexes, as drawn ones do.
WITH wanted AS MATERIALIZED (
  SELECT nth, nextval(pg_get_serial_sequence('invites_participant', 'id')) AS id,
         nextval(pg_get_serial_sequence('members_member', 'id')) AS member_id,
         nextval(pg_get_serial_sequence('invites_link', 'id')) AS link_id
  FROM generate_series(1, %(links)s) AS nth
), member AS (
  INSERT INTO members_member (id, public_id, is_test)
  SELECT member_id, 'mem_' || left(md5('member ' || member_id), 22), false FROM wanted
), participant AS (
  INSERT INTO invites_participant (
    id, public_id, campaign_id, member_id, referrer_id, root_id, generation, version_id, variant,
    crossed, circumstances, status, joined_at
  )
  SELECT wanted.id, 'par_' || left(md5('participant ' || wanted.id), 22), %(campaign_id)s,
         wanted.member_id, referrer.id, CASE WHEN referrer.id IS NOT NULL THEN root.id END,
         length(wanted.nth::text) - 1, %(version_id)s, '', false, '{}', 'provisional', now()
  FROM wanted
  JOIN wanted root ON root.nth = left(wanted.nth::text, 1)::int
  LEFT JOIN wanted referrer ON referrer.nth = wanted.nth / 10
), link AS (
  INSERT INTO invites_link (id, code, participant_id, room)
  SELECT link_id, left(md5('link ' || link_id), 14), id, '' FROM wanted
)
INSERT INTO invites_visit (click_id, link_id, channel, device, visitor, skipped, opened_at)
SELECT 'vis_' || left(md5(link_id || ' ' || turn), 22), link_id, '', 'phone',
       left(md5('who ' || link_id || ' ' || turn), 22), '', now() - turn * interval '1 minute'
FROM wanted CROSS JOIN generate_series(1, 10) AS visit (turn)

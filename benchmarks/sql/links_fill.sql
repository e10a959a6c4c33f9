-- More links of a campaign, each of a participant of its own, and ten visits of each. Codes and click
-- ids are hashed from numbers, so that they lie anywhere in their indexes, as drawn ones do.
WITH member AS (
  INSERT INTO members_member (public_id, is_test)
  SELECT 'mem_' || left(md5((%(made)s + nth)::text), 22), false
  FROM generate_series(1, %(links)s) AS nth
  RETURNING id
), participant AS (
  INSERT INTO invites_participant (
    public_id, campaign_id, member_id, generation, version_id, variant, crossed, circumstances,
    status, joined_at
  )
  SELECT 'par_' || left(md5(id::text), 22), %(campaign_id)s, id, 0, %(version_id)s, '', false, '{}',
         'provisional', now()
  FROM member
  RETURNING id
), link AS (
  INSERT INTO invites_link (code, participant_id, room)
  SELECT left(md5('link ' || id), 14), id, '' FROM participant
  RETURNING id
)
INSERT INTO invites_visit (click_id, link_id, channel, device, visitor, skipped, opened_at)
SELECT 'vis_' || left(md5(id || ' ' || nth), 22), id, '', 'phone', left(md5('who ' || id || ' ' || nth), 22),
       '', now() - nth * interval '1 minute'
FROM link, generate_series(1, 10) AS nth

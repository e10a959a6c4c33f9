-- Copies of the rooms behind %(links)s, all their free places, and for each place a new member with
-- a visit to the room's link. %(hot)s: room after room; else one place in every room, then the next.
WITH original AS (
  SELECT room.*, link.id AS link_id, link.participant_id AS referrer_id,
         item.id AS item_id, item.group_price_minor
  FROM invites_link link
  JOIN groupbuy_room room ON room.public_id = link.room
  JOIN groupbuy_offeritem item ON item.offer_id = room.offer_id
  WHERE link.id = ANY (%(links)s)
), room AS (
  INSERT INTO groupbuy_room (
    public_id, offer_id, host_id, status, reason, size, duration, hold_ttl,
    opened_at, deadline_at, due_at
  )
  SELECT 'room_' || left(replace(gen_random_uuid()::text, '-', ''), 22),
         offer_id, host_id, status, reason, size, duration, hold_ttl,
         opened_at, deadline_at, due_at
  FROM original, generate_series(1, %(copies)s)
  RETURNING id, offer_id, size
), place AS (
  SELECT row_number() OVER (
           ORDER BY CASE WHEN %(hot)s THEN room.id ELSE position END, room.id, position
         ) AS nth,
         row_number() OVER (PARTITION BY room.offer_id) AS of_offer,
         room.id AS room_id, room.offer_id, position
  FROM room, generate_series(1, room.size - 1) AS position
), member AS (
  INSERT INTO members_member (public_id, is_test)
  SELECT 'mem_' || left(replace(gen_random_uuid()::text, '-', ''), 22), false FROM place
  RETURNING id
), visit AS (
  INSERT INTO invites_visit (click_id, link_id, channel, skipped)
  SELECT 'vis_' || left(replace(gen_random_uuid()::text, '-', ''), 22), link_id, '', ''
  FROM place JOIN original USING (offer_id)
  RETURNING id, link_id
)
INSERT INTO bench_seat
SELECT (SELECT coalesce(max(n), 0) FROM bench_seat) + nth, room_id, position,
       original.item_id, group_price_minor, member.id, original.link_id, visit.id, referrer_id
FROM place
JOIN original USING (offer_id)
JOIN (SELECT id, row_number() OVER () AS nth FROM member) member USING (nth)
JOIN (
  SELECT id, link_id, row_number() OVER (PARTITION BY link_id) AS of_link FROM visit
) visit ON visit.link_id = original.link_id
  AND visit.of_link = place.of_offer;

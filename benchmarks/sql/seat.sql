-- A held seat of somebody new who was brought by a visit: lock the room, then write the touch, the
-- participant, why they have this referrer, the fact for the event log, the stock, the seat and the
-- kept reply. The least SQL that does: one statement, one round trip, one commit, the room locked no
-- longer than that, and everything that must be looked up read in one row of a list.
WITH turn AS (
  SELECT * FROM bench_seat WHERE n = (SELECT nextval('bench_turn'))
), room AS (
  SELECT room.id, room.hold_ttl, engine_now() AS at
  FROM groupbuy_room room JOIN turn ON turn.room_id = room.id
  WHERE room.status = 'open' AND engine_now() < room.deadline_at
  FOR NO KEY UPDATE OF room
), touch AS (
  INSERT INTO invites_touch (campaign_id, member_id, source, link_id, visit_id, touched_at)
  SELECT :campaign_id, member_id, 'visit', link_id, visit_id, at FROM turn, room
  RETURNING id
), participant AS (
  INSERT INTO invites_participant (
    public_id, campaign_id, member_id, referrer_id, root_id, generation, version_id, variant,
    crossed, circumstances, status, joined_at
  )
  SELECT 'par_' || left(replace(gen_random_uuid()::text, '-', ''), 22),
         :campaign_id, member_id, referrer_id, referrer_id, 1, :version_id, '', false,
         jsonb_build_object('tier', '', 'audiences', '[]'::jsonb, 'channel', '', 'is_new', true),
         'provisional', at
  FROM turn, room
  RETURNING id, public_id, referrer_id
), trace AS (
  INSERT INTO invites_trace (participant_id, decided_at, referrer_id, candidates)
  SELECT participant.id, at, referrer_id, jsonb_build_array(jsonb_build_object(
           'touch', touch.id, 'source', 'visit', 'referrer', referrer_id,
           'touched_at', at, 'verdict', 'won'))
  FROM participant, touch, room
), event AS (
  INSERT INTO core_event (
    key, kind, payload, occurred_at, hops, is_test, status, attempts, last_error
  )
  SELECT 'participant.joined:' || participant.id, 'participant.joined',
         jsonb_build_object('participant', participant.id, 'id', participant.public_id), at,
         0, false, 'pending', 0, ''
  FROM participant, room
), stock AS (
  UPDATE groupbuy_offeritem SET held = held + 1
  FROM turn, room
  WHERE groupbuy_offeritem.id = turn.item_id AND stock >= held + sold + 1
), seat AS (
  INSERT INTO groupbuy_seat (
    public_id, room_id, member_id, inviter_id, item_id, quantity, price_minor, discount_minor,
    discount, position, room_size, status, released, order_id, held_at, hold_expires_at
  )
  SELECT 'seat_' || left(replace(gen_random_uuid()::text, '-', ''), 22),
         room.id, member_id, referrer_id, item_id, 1, price_minor, 0,
         '', position, :size, 'held', '', '', at, at + hold_ttl
  FROM turn, room
  RETURNING public_id
), held AS (
  INSERT INTO core_event (
    key, kind, payload, occurred_at, hops, is_test, status, attempts, last_error
  )
  SELECT 'seat.held:' || seat.public_id, 'seat.held',
         jsonb_build_object('seat', seat.public_id, 'room', room.id), at,
         0, false, 'pending', 0, ''
  FROM seat, room
)
INSERT INTO core_idempotentreply (
  credential, method, path, key, fingerprint, status_code, body
)
SELECT 'mem_' || left(md5(n::text), 22), 'POST',
       '/api/v1/rooms/room_' || left(md5(room.id::text), 22) || '/seats',
       gen_random_uuid()::text, md5(n::text) || md5(room.id::text), 201, :body::jsonb
FROM turn, room;

-- An edge of the chain, with what goes with it: the touch, the participant, why they have this
-- referrer, the fact for the event log, and the kept reply. A bare insert: nothing is read, the place
-- in the chain is given.
WITH touch AS (
  INSERT INTO invites_touch (campaign_id, member_id, source, link_id, visit_id, touched_at)
  VALUES (%(campaign_id)s, %(member_id)s, 'visit', %(touch_link)s, %(touch_visit)s, engine_now())
  RETURNING id
), participant AS (
  INSERT INTO invites_participant (
    public_id, campaign_id, member_id, referrer_id, root_id, generation, version_id, variant,
    link_id, crossed, circumstances, status, joined_at
  )
  VALUES (%(participant)s, %(campaign_id)s, %(member_id)s, %(referrer)s, %(root)s, %(depth)s, %(version)s, '',
          %(by_link)s, false, %(circumstances)s, 'provisional', engine_now())
  RETURNING id
), trace AS (
  INSERT INTO invites_trace (participant_id, decided_at, referrer_id, candidates)
  SELECT participant.id, engine_now(), %(referrer)s,
         jsonb_build_array(jsonb_build_object('touch', touch.id, 'source', 'visit', 'referrer',
           %(referrer)s, 'touched_at', engine_now(), 'verdict', 'won'))
  FROM participant, touch
), event AS (
  INSERT INTO core_event (
    key, kind, payload, occurred_at, hops, is_test, status, attempts, last_error
  )
  VALUES ('participant.joined:' || %(participant)s, 'participant.joined', %(told)s, engine_now(),
          0, false, 'pending', 0, '')
)
INSERT INTO core_idempotentreply (
  credential, method, path, key, fingerprint, status_code, body
)
VALUES (%(asked_credential)s, %(asked_method)s, %(asked_path)s, %(asked_key)s, %(asked_fingerprint)s, 201, %(body)s)

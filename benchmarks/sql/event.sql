-- A processed event of a paid order: claim the next one that is due and nobody else has, then write
-- the decision, the grant, the transfer, the balance, the reservation from the budget, a mark for the
-- reports, and "done".
-- The least SQL that does: one statement, one round trip, one commit, nothing read but the event.
-- The engine also locks the order and all the buyer's accounts, and reads what it decides by.
WITH event AS (
  SELECT id, payload, occurred_at FROM core_event
  WHERE status = 'pending' AND due_at <= engine_now()
  ORDER BY due_at, id LIMIT 1
  FOR NO KEY UPDATE SKIP LOCKED
), fact AS (
  SELECT id, occurred_at, concat_ws(':', 'order', id, 'campaign', :campaign_id::bigint) AS subject,
         (payload->>'member')::bigint AS member_id, (payload->>'account')::bigint AS account_id,
         payload->>'order_id' AS order_id
  FROM event
), decision AS (
  INSERT INTO rewards_decision (
    public_id, campaign_id, version_id, subject, facts, members, awards, refusals
  )
  SELECT 'dec_' || left(replace(gen_random_uuid()::text, '-', ''), 22),
         :campaign_id::bigint, :version_id::bigint, subject,
         jsonb_build_object(
           'trigger', 'order_paid', 'people', jsonb_build_object('member', jsonb_build_array(member_id)),
           'confirmed', true, 'in_window', true, 'room', null, 'act', null,
           'order', jsonb_build_object(
             'nth', 1, 'kept_minor', 9900, 'order_id', order_id, 'fulfilled', false,
             'lines', jsonb_build_array(jsonb_build_object('tags', '[]'::jsonb, 'kept_minor', 9900))),
           'circumstances', jsonb_build_object(
             'tier', '', 'audiences', '[]'::jsonb, 'channel', '', 'is_new', true),
           'variant', '', 'is_holdout', false, 'outranked', '[]'::jsonb),
         ARRAY[member_id],
         jsonb_build_array(jsonb_build_object(
           'policy', :policy::text, 'beneficiary', 'member', 'member_id', member_id,
           'kind', 'points', 'amount', 10, 'hold_seconds', 604800, 'hold_from', 'fact')),
         '[]'
  FROM fact
), given AS (
  INSERT INTO rewards_grant (
    public_id, campaign_id, policy, subject, beneficiary, member_id, kind, amount, taken_back, lost,
    full_cost_minor, cost_minor, what, status, settle_at
  )
  SELECT 'grt_' || left(replace(gen_random_uuid()::text, '-', ''), 22),
         :campaign_id::bigint, :policy, subject, 'member', member_id, 'points', 10, 0, 0, 10, 10,
         '', 'pending', occurred_at + interval '7 days'
  FROM fact
  RETURNING public_id
), transfer AS (
  INSERT INTO points_transfer (
    public_id, key, kind, debit_id, credit_id, amount, reference, occurred_at
  )
  SELECT 'trf_' || left(replace(gen_random_uuid()::text, '-', ''), 22), 'grant:' || public_id, 'pend',
         (SELECT id FROM points_account WHERE member_id IS NULL AND purpose = 'issuance'),
         account_id, 10, public_id, occurred_at
  FROM fact, given
), balance AS (
  UPDATE points_account SET balance = balance + 10 FROM fact WHERE points_account.id = account_id
), mark AS (
  INSERT INTO reports_mark (campaign_id, participant_id) SELECT :campaign_id::bigint, member_id FROM fact
), done AS (
  UPDATE core_event SET status = 'done', processed_at = engine_now(), last_error = ''
  FROM fact WHERE core_event.id = fact.id
), budget AS (
  UPDATE campaigns_budget SET reserved_minor = reserved_minor + 10
  FROM fact
  WHERE campaign_id = :campaign_id::bigint
    AND (amount_minor IS NULL OR amount_minor >= reserved_minor + spent_minor + 10)
)
SELECT;

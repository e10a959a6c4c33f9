-- An order of two lines by each third of those confirmed, a day later; one in twenty was refunded in full.
-- The shop told the margin of the first line alone.
WITH buyer AS MATERIALIZED (
  SELECT id, member_id, least(confirmed_at + interval '1 day', now()) AS at, id %% 60 = 0 AS is_refunded
  FROM invites_participant
  WHERE campaign_id = %(campaign_id)s AND confirmed_at IS NOT NULL AND id %% 3 = 0
), bought AS (
  INSERT INTO orders_order (
    order_id, is_test, member_id, nth, currency, paid_minor, refunded_minor, occurred_at, fingerprint
  )
  SELECT 'report-' || id, false, member_id, 1, 'CNY', 8000, CASE WHEN is_refunded THEN 8000 ELSE 0 END,
         at, ''
  FROM buyer
  RETURNING id, order_id, refunded_minor
), line AS (
  INSERT INTO orders_orderline (
    order_id, line_id, sku, tags, quantity, amount_minor, refunded_minor, seat, margin_minor
  )
  SELECT id, nth, 'tea', '["tea"]', 1, 4000, refunded_minor / 2, '', CASE nth WHEN 1 THEN 1200 END
  FROM bought, generate_series(1, 2) AS nth
)
INSERT INTO invites_campaignorder (campaign_id, order_id, participant_id, circumstances, outranked)
SELECT %(campaign_id)s, bought.id, buyer.id, '{}', '[]'
FROM bought JOIN buyer ON bought.order_id = 'report-' || buyer.id

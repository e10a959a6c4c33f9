-- As many facts as asked, due now, that say whom their order rewards and in which account: the
-- ceiling reads nothing else.
INSERT INTO core_event (
  key, kind, payload, occurred_at, hops, is_test, status, attempts, last_error
)
SELECT 'order.paid:' || gen_random_uuid(), 'order.paid',
       jsonb_build_object(
         'order', nth, 'order_id', 'order-' || nth, 'nth', 1,
         'member', member_id, 'account', id),
       engine_now(), 0, false, 'pending', 0, ''
FROM generate_series(1, %(acts)s) AS nth
JOIN (
  SELECT id, member_id, row_number() OVER (ORDER BY member_id) AS place
  FROM points_account WHERE purpose = 'pending' AND member_id = ANY (%(buyers)s)
) account ON account.place = 1 + nth %% cardinality(%(buyers)s::bigint[]);

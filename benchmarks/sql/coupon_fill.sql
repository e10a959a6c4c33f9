-- Coupons in the hands of %(members)s, numbered on from those they have; code and member of each.
WITH coupon AS (
  INSERT INTO coupons_coupon (
    public_id, template_id, is_test, code, member_id, nth, status, counted, moves, order_id,
    issued_at, key, reference
  )
  SELECT 'cpn_' || left(replace(gen_random_uuid()::text, '-', ''), 22), %(template_id)s, false,
         left(replace(gen_random_uuid()::text, '-', ''), 20), member_id,
         %(made)s + (nth - 1) / cardinality(%(members)s::bigint[]) + 1, 'issued', true, 1, '',
         engine_now(), gen_random_uuid()::text, 'bench'
  FROM generate_series(1, %(acts)s) AS nth
  JOIN unnest(%(members)s::bigint[]) WITH ORDINALITY AS holder (member_id, place)
    ON place = 1 + (nth - 1) %% cardinality(%(members)s::bigint[])
  RETURNING id, code, member_id
)
SELECT code, member_id FROM coupon ORDER BY id;

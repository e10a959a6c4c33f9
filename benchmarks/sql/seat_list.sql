-- Who will sit down where, in which order, and whose turn it is.
DROP TABLE IF EXISTS bench_seat;
DROP SEQUENCE IF EXISTS bench_turn;
CREATE SEQUENCE bench_turn;
CREATE TABLE bench_seat (
  n bigint PRIMARY KEY,
  room_id bigint NOT NULL,
  position smallint NOT NULL,
  item_id bigint NOT NULL,
  price_minor bigint NOT NULL,
  member_id bigint NOT NULL,
  link_id bigint NOT NULL,
  visit_id bigint NOT NULL,
  referrer_id bigint NOT NULL
);

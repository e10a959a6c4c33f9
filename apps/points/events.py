"""The facts this app records. A shop hears them as webhooks."""

EXPIRING = "points.expiring"
EXPIRED = "points.expired"
ADJUSTED = "points.adjusted"
# A reservation whose time was up before its order was paid.
RESERVATION_TIMED_OUT = "points.reservation_timed_out"

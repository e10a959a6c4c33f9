"""The facts this app records."""

PAID = "order.paid"
REFUNDED = "order.refunded"
FULFILLED = "order.fulfilled"

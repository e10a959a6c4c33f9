"""The facts this app records."""

PAYOUT_REQUESTED = "payout.requested"
PAYOUT_CONFIRMED = "payout.confirmed"
PAYOUT_FAILED = "payout.failed"

FULFILMENT_REQUESTED = "fulfilment.requested"
FULFILMENT_CONFIRMED = "fulfilment.confirmed"
FULFILMENT_CANCELLED = "fulfilment.cancelled"

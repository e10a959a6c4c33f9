"""The facts this app records."""

ROOM_OPENED = "room.opened"
ROOM_COMPLETED = "room.completed"
ROOM_FAILED = "room.failed"
ROOM_CANCELLED = "room.cancelled"
REFUND_REQUESTED = "refund.requested"
REFUND_CONFIRMED = "refund.confirmed"
REFUND_FAILED = "refund.failed"

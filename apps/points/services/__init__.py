"""The only writer of the ledger. Amounts are whole points, more than 0.

Locks go account by account id; reservations, lots and takings are guarded by the lock of their
member's accounts. Each service that moves points has a `key` that makes it happen once.
"""

from apps.points.services.adjusting import (
    AdjustmentDecided,
    AdjustmentReasonMissing,
    AdjustmentUnknown,
    SecondOperatorNeeded,
    points_adjust_decide,
    points_adjust_propose,
    points_import,
)
from apps.points.services.earning import (
    ClawedBack,
    Settled,
    points_claw_back,
    points_pend,
    points_settle,
    points_void,
)
from apps.points.services.expiring import points_announce, points_expire
from apps.points.services.ledger import (
    NotEnoughPending,
    NotEnoughPoints,
    PointsNotPositive,
    TransferConflict,
)
from apps.points.services.orders import (
    points_capture_order,
    points_release_order,
    points_return_order,
)
from apps.points.services.purses import Purse, purses_lock
from apps.points.services.reserving import (
    ReservationCaptured,
    ReservationReleased,
    ReservationTimeInvalid,
    ReservationUnknown,
    points_reserve,
    points_reserve_and_reply,
    reservation_capture,
    reservation_release,
    reservations_expire,
)
from apps.points.services.spending import SpendUnknown, points_spend, points_unspend

__all__ = [
    "AdjustmentDecided",
    "AdjustmentReasonMissing",
    "AdjustmentUnknown",
    "ClawedBack",
    "NotEnoughPending",
    "NotEnoughPoints",
    "PointsNotPositive",
    "Purse",
    "ReservationCaptured",
    "ReservationReleased",
    "ReservationTimeInvalid",
    "ReservationUnknown",
    "SecondOperatorNeeded",
    "Settled",
    "SpendUnknown",
    "TransferConflict",
    "points_adjust_decide",
    "points_adjust_propose",
    "points_announce",
    "points_capture_order",
    "points_claw_back",
    "points_expire",
    "points_import",
    "points_pend",
    "points_release_order",
    "points_reserve",
    "points_reserve_and_reply",
    "points_return_order",
    "points_settle",
    "points_spend",
    "points_unspend",
    "points_void",
    "purses_lock",
    "reservation_capture",
    "reservation_release",
    "reservations_expire",
]

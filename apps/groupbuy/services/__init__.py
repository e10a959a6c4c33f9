"""The only writers of offers, rooms, seats and refund orders."""

from apps.groupbuy.services.discounts import discounts_follow
from apps.groupbuy.services.offers import offer_create
from apps.groupbuy.services.payments import SeatOutcome, seat_pay
from apps.groupbuy.services.refunds import (
    refund_order_confirm,
    refund_order_fail,
    refund_order_lock,
    refund_orders_reduce,
)
from apps.groupbuy.services.reminders import refund_order_ask, refund_orders_remind
from apps.groupbuy.services.returns import seats_refunded
from apps.groupbuy.services.rooms import room_cancel, room_open, rooms_turn
from apps.groupbuy.services.seats import holds_expire, seat_hold, seat_leave, seats_release_order

__all__ = [
    "SeatOutcome",
    "discounts_follow",
    "holds_expire",
    "offer_create",
    "refund_order_ask",
    "refund_order_confirm",
    "refund_order_fail",
    "refund_order_lock",
    "refund_orders_reduce",
    "refund_orders_remind",
    "room_cancel",
    "room_open",
    "rooms_turn",
    "seat_hold",
    "seat_leave",
    "seat_pay",
    "seats_refunded",
    "seats_release_order",
]

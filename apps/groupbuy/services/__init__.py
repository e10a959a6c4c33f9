"""The only writers of offers, rooms, seats and refund orders."""

from apps.groupbuy.services.discounts import discounts_follow
from apps.groupbuy.services.holding import Held, seat_hold_and_reply
from apps.groupbuy.services.offers import (
    item_steps_set,
    offer_create,
    offer_restore,
    offer_withdraw,
    rooms_withdraw,
)
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
from apps.groupbuy.services.settling import steps_settle
from apps.groupbuy.services.swaps import seat_swap

__all__ = [
    "Held",
    "SeatOutcome",
    "discounts_follow",
    "holds_expire",
    "item_steps_set",
    "offer_create",
    "offer_restore",
    "offer_withdraw",
    "refund_order_ask",
    "refund_order_confirm",
    "refund_order_fail",
    "refund_order_lock",
    "refund_orders_reduce",
    "refund_orders_remind",
    "room_cancel",
    "room_open",
    "rooms_turn",
    "rooms_withdraw",
    "seat_hold",
    "seat_hold_and_reply",
    "seat_leave",
    "seat_pay",
    "seat_swap",
    "seats_refunded",
    "seats_release_order",
    "steps_settle",
]

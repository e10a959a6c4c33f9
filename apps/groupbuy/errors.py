"""Why a seat or a room could not be had."""

from apps.core.errors import Conflict, Forbidden, Invalid, NotFound


class OfferUnknown(NotFound):
    code = "offer_unknown"
    message = "There is no such offer."


class RoomUnknown(NotFound):
    code = "room_unknown"
    message = "There is no such room."


class SeatUnknown(NotFound):
    code = "seat_unknown"
    message = "There is no such seat."


class RefundOrderUnknown(NotFound):
    code = "refund_order_unknown"
    message = "There is no such refund order."


class OfferWithdrawn(Conflict):
    code = "offer_withdrawn"
    message = "This offer opens no new rooms."


class ItemUnknown(Invalid):
    code = "item_unknown"
    message = "The offer has no such item."


class RoomNotOpen(Conflict):
    code = "room_not_open"
    message = "This room takes nobody any more."


class RoomFull(Conflict):
    code = "room_full"
    message = "Every seat of this room is taken."


class DiscountsSpent(Conflict):
    code = "budget_spent"
    message = "The campaign has given away all the discounts it had."


class StockSpent(Conflict):
    code = "stock_spent"
    message = "There is not enough left of this item."


class AlreadySeated(Conflict):
    code = "already_seated"
    message = "This member already sits in the room."


class SeatOfSomebodyElse(Forbidden):
    code = "seat_of_somebody_else"
    message = "This seat belongs to somebody else."


class SeatNotHeld(Conflict):
    code = "seat_not_held"
    message = "Only a held seat can be left. A paid one is freed by the shop's refund."


class RefundOrderResolved(Conflict):
    code = "refund_order_resolved"
    message = "This refund order is resolved: the money was paid back."


class RoomEnded(Conflict):
    code = "room_ended"
    message = "This room has already ended."

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


class OfferNotStarted(Conflict):
    code = "offer_not_started"
    message = "This offer has not started yet."


class OfferEnded(Conflict):
    code = "offer_ended"
    message = "This offer has ended; it opens no new rooms."


class OfferInvalid(Invalid):
    code = "offer_invalid"
    message = "These terms contradict each other."


class NewMembersOnly(Conflict):
    code = "new_members_only"
    message = "These seats are for members who have not bought here before."


class CoolingDown(Conflict):
    code = "cooling_down"
    message = "This member has given up several seats and has to wait."


class LimitReached(Conflict):
    """`message` says which of the offer's limits per member it is."""

    code = "limit_reached"
    message = "This member has as much of this offer as one member may."


class TooManyPieces(Invalid):
    code = "too_many_pieces"
    message = "That is more than one seat may have."


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
    message = "Only a held seat can be left or changed. A paid one is freed by the shop's refund."


class RefundOrderResolved(Conflict):
    code = "refund_order_resolved"
    message = "This refund order was already confirmed or failed."


class RoomEnded(Conflict):
    code = "room_ended"
    message = "This room has already ended."

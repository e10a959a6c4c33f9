"""A held seat changed for another item or quantity of the same offer."""

from apps.core.clock import engine_now
from apps.core.transactions import in_transaction
from apps.groupbuy import events
from apps.groupbuy.errors import RoomNotOpen, SeatNotHeld, TooManyPieces
from apps.groupbuy.models import Seat
from apps.groupbuy.rules import RoomStatus, may_pay
from apps.groupbuy.selectors import room_terms
from apps.groupbuy.services.discounts import discount_change, discount_of
from apps.groupbuy.services.seats import item_of, price_of, seat_lock, seat_report
from apps.groupbuy.services.stock import stock_swap


@in_transaction
def seat_swap(*, seat_id: str, member_id: int, sku: str = "", quantity: int | None = None) -> Seat:
    """Change what a held seat is for, at its room's prices; the hold ends when it did.

    Without `sku` the item stays, without `quantity` the quantity. To what it already is changes
    nothing. Raises SeatUnknown, SeatOfSomebodyElse, SeatNotHeld, RoomNotOpen when it could not be
    paid any more, ItemUnknown, TooManyPieces, StockSpent, DiscountsSpent. Locks the room, both
    items' stock in pk order, the budget where it counts discounts.
    """
    room, seat = seat_lock(seat_id=seat_id, member_id=member_id)
    if seat.status != Seat.Status.HELD:
        raise SeatNotHeld()
    clock = engine_now()
    status = RoomStatus(room.status)
    if not may_pay(status, room.deadline_at, seat.hold_expires_at, clock):
        raise RoomNotOpen()
    terms = room_terms(room)
    item = item_of(terms, sku) if sku else (terms.item(seat.item_id) or item_of(terms, ""))
    quantity = quantity or seat.quantity
    if (item.id, quantity) == (seat.item_id, seat.quantity):
        return seat
    if terms.max_quantity is not None and quantity > terms.max_quantity:
        raise TooManyPieces(
            f"A seat may have {terms.max_quantity} at the most.", pointer="/quantity"
        )
    stock_swap(seat=seat, item_id=item.id, quantity=quantity)
    seat.item_id, seat.quantity = item.id, quantity
    seat.price_minor = price_of(terms, item, quantity, opens=seat.opens)
    discount = discount_of(terms, item, quantity, opens=seat.opens)
    discount_change(room=room, seat=seat, discount_minor=discount)
    seat.save(update_fields=["item", "quantity", "price_minor", "discount", "discount_minor"])
    seat_report(events.SEAT_SWAPPED, seat, room, clock)
    return seat

"""A payment for a seat always ends somewhere: in the seat, in another one, or in a refund order."""

import datetime as dt
import enum
from dataclasses import dataclass

from apps.core.clock import engine_now
from apps.core.transactions import in_transaction
from apps.groupbuy import events
from apps.groupbuy.errors import SeatOfSomebodyElse, SeatUnknown
from apps.groupbuy.models import RefundOrder, Room, Seat
from apps.groupbuy.rules import RoomStatus, Terms, may_pay
from apps.groupbuy.selectors import room_terms
from apps.groupbuy.services.late import seat_elsewhere, seat_in_room
from apps.groupbuy.services.refunds import refund_order_request
from apps.groupbuy.services.rooms import room_complete, room_start
from apps.groupbuy.services.seats import room_lock, room_look, seat_report, seats_release
from apps.groupbuy.services.stock import stock_sell
from apps.orders.models import OrderLine
from apps.orders.selectors import bought_before


class Outcome(enum.StrEnum):
    PAID = "paid"
    REFUND_REQUESTED = "refund_requested"


@dataclass(frozen=True)
class SeatOutcome:
    """What a payment for a seat came to. `seat` is the one taken, or the one that was too late."""

    outcome: Outcome
    seat: Seat
    room: Room
    refund_order: RefundOrder | None = None


@in_transaction
def seat_pay(*, seat_id: str, line: OrderLine, pointer: str = "") -> SeatOutcome:
    """Pay a seat with an order line; the room opens with its host's payment, completes with the last.

    Too late (the hold or the room is over) it takes a seat that is left in the room, or in another
    open room where the offer says so, else a refund order is made; the same for a seat that another
    order has paid, and for one reserved to new members whose payer has bought before: never an
    exception, never silence. Raises SeatUnknown and SeatOfSomebodyElse, which are the shop's
    mistakes. The caller has the order's lock and the member's; locks room, perhaps another room
    (only if nobody has it: never waiting), seats, participants, stock.
    """
    found = Seat.objects.filter(public_id=seat_id, member__is_test=line.order.is_test).first()
    if found is None:
        raise SeatUnknown(f"There is no seat {seat_id}.", pointer=pointer)
    if found.member_id != line.order.member_id:
        raise SeatOfSomebodyElse(pointer=pointer)
    room = room_lock(found.room_id)
    clock = engine_now()
    seat = Seat.objects.select_related("item").get(pk=found.pk)
    if seat.status == Seat.Status.PAID or seat.line_id is not None:
        return _refund(room, seat, line, RefundOrder.Why.ALREADY_PAID, clock)
    terms = room_terms(room)
    if _is_for_others(terms, seat, line):
        if seats_release(room, [seat], Seat.Released.NOT_NEW, clock):
            room_look(room, clock)
        return _refund(room, seat, line, RefundOrder.Why.NOT_NEW, clock)
    payable = seat.status == Seat.Status.HELD and may_pay(
        RoomStatus(room.status), room.deadline_at, seat.hold_expires_at, clock
    )
    if payable:
        return _take(room, seat, line, clock)
    found_seat = seat_in_room(room, terms, seat, clock) or seat_elsewhere(room, terms, seat, clock)
    if found_seat is None:
        return _refund(room, seat, line, RefundOrder.Why.TOO_LATE, clock)
    return _take(found_seat.room, found_seat, line, clock)


def _is_for_others(terms: Terms, seat: Seat, line: OrderLine) -> bool:
    """Whether the seat is for new members and its payer is not; a host need not be new."""
    is_for_new = terms.new_members_only and not seat.opens
    return is_for_new and bought_before(line.order.member_id, line.order)


def _take(room: Room, seat: Seat, line: OrderLine, clock: dt.datetime) -> SeatOutcome:
    seat.status = Seat.Status.PAID
    seat.line = line
    seat.order_id = line.order.order_id
    seat.paid_at = clock
    seat.save(update_fields=["status", "line", "order_id", "paid_at"])
    seat_report(events.SEAT_PAID, seat, room, clock)
    if room.status == RoomStatus.PENDING:
        room_start(room, clock)
    if room.seats.filter(status=Seat.Status.PAID).count() == room.size:
        room_complete(room, clock)
    elif room.status == RoomStatus.CLOSING:
        room_look(room, clock)
    stock_sell(seat=seat)
    return SeatOutcome(Outcome.PAID, seat, room)


def _refund(room: Room, seat: Seat, line: OrderLine, why: str, clock: dt.datetime) -> SeatOutcome:
    refund_order = refund_order_request(seat, line, why, clock)
    return SeatOutcome(Outcome.REFUND_REQUESTED, seat, room, refund_order)

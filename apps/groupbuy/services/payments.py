"""A payment for a seat always ends somewhere: in the seat, in another one, or in a refund order."""

import datetime as dt
import enum
from dataclasses import dataclass

from django.db import transaction

from apps.core.clock import engine_now
from apps.core.transactions import in_transaction
from apps.groupbuy.errors import DiscountsSpent, SeatOfSomebodyElse, SeatUnknown, StockSpent
from apps.groupbuy.models import RefundOrder, Room, Seat
from apps.groupbuy.rules import RoomStatus, admits, free_position, may_pay
from apps.groupbuy.services.offers import stock_sell
from apps.groupbuy.services.refunds import refund_order_request
from apps.groupbuy.services.rooms import room_complete, room_start
from apps.groupbuy.services.seats import active_seats, expired_release, room_lock, seat_insert
from apps.orders.models import OrderLine


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

    Too late (the hold or the room is over) it takes a seat that is left in the room, else a refund
    order is made; the same for a seat that another order has paid: never an exception, never
    silence. Raises SeatUnknown and SeatOfSomebodyElse, which are the shop's mistakes. The caller has
    the order's lock; locks room, seats, participants, stock.
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
    payable = seat.status == Seat.Status.HELD and may_pay(
        RoomStatus(room.status), room.deadline_at, seat.hold_expires_at, clock
    )
    taken: Seat | None = seat if payable else _another_seat(room, seat, clock)
    if taken is None:
        return _refund(room, seat, line, RefundOrder.Why.TOO_LATE, clock)
    _take(room, taken, line, clock)
    return SeatOutcome(Outcome.PAID, taken, room)


def _take(room: Room, seat: Seat, line: OrderLine, clock: dt.datetime) -> None:
    seat.status = Seat.Status.PAID
    seat.line = line
    seat.order_id = line.order.order_id
    seat.paid_at = clock
    seat.save(update_fields=["status", "line", "order_id", "paid_at"])
    if room.status == RoomStatus.PENDING:
        room_start(room, clock)
    if room.seats.filter(status=Seat.Status.PAID).count() == room.size:
        room_complete(room, clock)
    stock_sell(seat=seat)


def _another_seat(room: Room, late: Seat, clock: dt.datetime) -> Seat | None:
    """A seat that is left in the room for somebody whose hold is over; None when there is none."""
    if not admits(RoomStatus(room.status), room.deadline_at, clock):
        return None
    expired_release(room, clock)
    taken = dict(active_seats(room).values_list("member_id", "position"))
    position = free_position(taken.values(), room.size)
    if late.member_id in taken or position is None:
        return None
    try:
        with transaction.atomic():
            return seat_insert(
                room,
                late.member_id,
                late.item,
                quantity=late.quantity,
                position=position,
                inviter=late.inviter,
                order_id=late.order_id,
                clock=clock,
            )
    except (StockSpent, DiscountsSpent):
        return None


def _refund(room: Room, seat: Seat, line: OrderLine, why: str, clock: dt.datetime) -> SeatOutcome:
    refund_order = refund_order_request(seat, line, why, clock)
    return SeatOutcome(Outcome.REFUND_REQUESTED, seat, room, refund_order)

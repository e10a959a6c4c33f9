"""What a refund by the shop does to seats, rooms and refund orders."""

from collections.abc import Iterable

from apps.core.clock import engine_now
from apps.core.transactions import in_transaction
from apps.groupbuy.models import Room, Seat
from apps.groupbuy.rules import RoomStatus
from apps.groupbuy.services.refunds import refund_orders_reduce
from apps.groupbuy.services.rooms import host_succeed
from apps.groupbuy.services.seats import room_lock, seats_release
from apps.orders.models import Order, OrderLine


@in_transaction
def seats_refunded(*, order: Order, emptied: Iterable[OrderLine]) -> None:
    """The shop paid something of this order back: free the seats of the lines it emptied, and let
    refund orders ask for no more than is left.

    A completed room stays completed; in an open one the host's seat passes on. Also the rooms of
    seats that stay are locked: one that fails at this moment asks for what it read before. The
    caller has the order's lock; locks rooms in pk order, seats, stock, refund orders.
    """
    gone = {line.pk for line in emptied}
    seats = Seat.objects.filter(line__order=order).order_by("room_id", "pk")
    for seat_id, room_id, line_id in list(seats.values_list("pk", "room_id", "line_id")):
        room = room_lock(room_id)
        if line_id in gone:
            _seat_refunded(room, seat_id)
    refund_orders_reduce(order=order)


def _seat_refunded(room: Room, seat_id: int) -> None:
    clock = engine_now()
    seat = Seat.objects.get(pk=seat_id)
    if seat.status != Seat.Status.PAID:
        return
    seats_release(room, [seat], Seat.Released.REFUNDED, clock)
    if room.status in (RoomStatus.OPEN, RoomStatus.CLOSING) and room.host_id == seat.member_id:
        host_succeed(room, clock)

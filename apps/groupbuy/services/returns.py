"""What a refund by the shop does to seats, rooms and refund orders."""

from collections.abc import Iterable

from apps.core.clock import engine_now
from apps.core.transactions import in_transaction
from apps.groupbuy.models import RefundOrder, Room, Seat
from apps.groupbuy.rules import RoomStatus
from apps.groupbuy.services.refunds import refund_order_confirm
from apps.groupbuy.services.rooms import host_succeed
from apps.groupbuy.services.seats import room_lock, seats_release
from apps.orders.models import OrderLine


@in_transaction
def seats_refunded(*, lines: Iterable[OrderLine]) -> None:
    """The shop paid these lines back in full: free their seats, close their refund orders.

    A completed room stays completed; in an open one the host's seat passes on. The caller has the
    order's lock; locks rooms in pk order, seats, stock, refund orders.
    """
    line_ids = [line.pk for line in lines]
    seats = Seat.objects.filter(line__in=line_ids).order_by("room_id", "pk")
    for seat_id, room_id in list(seats.values_list("pk", "room_id")):
        _seat_refunded(room_lock(room_id), seat_id)
    open_orders = RefundOrder.objects.filter(line__in=line_ids).exclude(
        status=RefundOrder.Status.CONFIRMED
    )
    for refund_order in open_orders.select_related("line__order").order_by("pk"):
        refund_order_confirm(refund_order=refund_order)


def _seat_refunded(room: Room, seat_id: int) -> None:
    clock = engine_now()
    seat = Seat.objects.get(pk=seat_id)
    if seat.status != Seat.Status.PAID:
        return
    seats_release(room, [seat], Seat.Released.REFUNDED, clock)
    if room.status in (RoomStatus.OPEN, RoomStatus.CLOSING) and room.host_id == seat.member_id:
        host_succeed(room, clock)

"""What became of an order, read back from the tables: the same for the first report and repeats."""

from dataclasses import dataclass

from apps.groupbuy.models import RefundOrder, Seat
from apps.orders.models import Order


@dataclass(frozen=True)
class SeatResult:
    """What a line's payment for a seat came to: paid, refund_requested, or released unpaid."""

    line_id: str
    seat: str
    outcome: str
    room: str
    room_status: str
    refund_order: str | None


def seat_results(order: Order) -> list[SeatResult]:
    """The outcome of each line of the order that named a seat, in the order of the lines."""
    lines = [line for line in order.lines.order_by("pk") if line.seat]
    if not lines:
        return []
    paid = {
        seat.line_id: seat for seat in Seat.objects.filter(line__in=lines).select_related("room")
    }
    owed = {
        refund_order.line_id: refund_order
        for refund_order in RefundOrder.objects.filter(line__in=lines).select_related("seat__room")
    }
    named = {
        seat.public_id: seat
        for seat in Seat.objects.filter(public_id__in=[line.seat for line in lines]).select_related(
            "room"
        )
    }
    results = []
    for line in lines:
        refund_order = owed.get(line.pk)
        seat = paid.get(line.pk) or named[line.seat]
        outcome = "paid" if line.pk in paid else "refunded"
        # A part of the price that goes back leaves the seat paid.
        undone = refund_order is not None and refund_order.why != RefundOrder.Why.STEP_PRICE
        results.append(
            SeatResult(
                line_id=line.line_id,
                seat=seat.public_id,
                outcome="refund_requested" if undone else outcome,
                room=seat.room.public_id,
                room_status=seat.room.status,
                refund_order=refund_order.public_id if refund_order else None,
            )
        )
    return results

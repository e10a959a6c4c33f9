"""What became of an order, and what the shop owes of it, read back from the tables."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, QuerySet, Sum

from apps.groupbuy.errors import RefundOrderUnknown
from apps.groupbuy.models import RefundOrder, RefundOrderQuerySet, Seat
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


def refund_orders(*, is_test: bool) -> RefundOrderQuerySet:
    """Refund orders of a mode with their orders, seats and rooms, in no order."""
    rows = RefundOrder.objects.filter(line__order__is_test=is_test)
    return rows.select_related("line__order", "seat__room")


def refund_order_by_public_id(public_id: str, *, is_test: bool) -> RefundOrder:
    """Raises RefundOrderUnknown, also for a refund order of the other mode."""
    refund_order = refund_orders(is_test=is_test).filter(public_id=public_id).first()
    if refund_order is None:
        raise RefundOrderUnknown()
    return refund_order


@dataclass(frozen=True)
class Owed:
    """What some refund orders come to in one currency, and the moment of the oldest."""

    currency: str
    count: int
    amount_minor: int
    oldest_at: dt.datetime


def owed_by_currency(rows: QuerySet[RefundOrder]) -> list[Owed]:
    """What of these refund orders is outstanding, by the code of its currency."""
    sums = (
        rows.filter(status__in=RefundOrder.OUTSTANDING)
        .order_by("currency")
        .values_list("currency")
        .annotate(Count("pk"), Sum("amount_minor"), Min("requested_at"))
    )
    return [Owed(*row) for row in sums]


def outstanding_rows() -> Iterator[tuple[Any, ...]]:
    """Every outstanding refund order, the oldest first, with the mode of its order last."""
    rows = (
        RefundOrder.objects.outstanding()
        .order_by("pk")
        .values_list(
            "public_id",
            "line__order__order_id",
            "line__line_id",
            "currency",
            "amount_minor",
            "reduced_minor",
            "why",
            "status",
            "failure",
            "asks",
            "requested_at",
            "ask_again_at",
            "parked_at",
            "line__order__is_test",
        )
    )
    return rows.iterator(chunk_size=1000)

"""What paying for the seats of an order would come to."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from apps.campaigns.models import Campaign
from apps.groupbuy.errors import SeatOfSomebodyElse, SeatUnknown
from apps.groupbuy.models import Room, Seat
from apps.groupbuy.rules import RoomStatus, admits, free_position, may_pay
from apps.orders.services import OrderReport


@dataclass(frozen=True)
class SeatForecast:
    """What the payment of a line for a seat would come to: `paid`, or `refund_requested`."""

    line_id: str
    seat: Seat
    room: Room
    outcome: str
    completes: bool


def seats_forecast(report: OrderReport, now: dt.datetime) -> list[SeatForecast]:
    """What the seats of a report would come to. Raises SeatUnknown, SeatOfSomebodyElse."""
    rows = Seat.objects.select_related("room__offer__campaign", "inviter").filter(
        public_id__in=[line.seat for line in report.lines if line.seat],
        member__is_test=report.is_test,
    )
    known = {seat.public_id: seat for seat in rows}
    forecasts = []
    for index, line in enumerate(report.lines):
        if not line.seat:
            continue
        pointer = f"/lines/{index}/seat"
        seat = known.get(line.seat)
        if seat is None:
            raise SeatUnknown(f"There is no seat {line.seat}.", pointer=pointer)
        if seat.member_id != report.member_id:
            raise SeatOfSomebodyElse(pointer=pointer)
        paid = _may_still_pay(seat, now)
        kept = seat.room.seats.filter(status=Seat.Status.PAID).count() + int(paid)
        forecasts.append(
            SeatForecast(
                line.line_id,
                seat,
                seat.room,
                "paid" if paid else "refund_requested",
                completes=paid and kept == seat.room.size,
            )
        )
    return sorted(forecasts, key=lambda forecast: forecast.room.pk)


def _may_still_pay(seat: Seat, now: dt.datetime) -> bool:
    """Whether a payment now gets this seat, or another one that is left in its room."""
    room, status = seat.room, RoomStatus(seat.room.status)
    if seat.status == Seat.Status.PAID or seat.line_id is not None:
        return False
    if seat.status == Seat.Status.HELD:
        if may_pay(status, room.deadline_at, seat.hold_expires_at, now):
            return True
    if not admits(status, room.deadline_at, now):
        return False
    active = room.seats.filter(status__in=(Seat.Status.HELD, Seat.Status.PAID))
    taken = dict(
        active.exclude(status=Seat.Status.HELD, hold_expires_at__lte=now).values_list(
            "member_id", "position"
        )
    )
    item = seat.item
    in_stock = item.stock - item.held - item.sold >= seat.quantity
    return (
        in_stock
        and seat.member_id not in taken
        and free_position(taken.values(), room.size) is not None
    )


def first_of(paid: Iterable[SeatForecast], campaign: Campaign) -> SeatForecast | None:
    """The order's seat in a campaign; with several, one in a room that would be complete."""
    own = [row for row in paid if row.room.offer.campaign_id == campaign.pk]
    own.sort(key=lambda row: row.seat.pk)
    return next((row for row in own if row.completes), own[0] if own else None)

"""What paying for the seats of an order would come to."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from apps.campaigns.models import Campaign
from apps.groupbuy.errors import SeatOfSomebodyElse, SeatUnknown
from apps.groupbuy.models import Room, Seat
from apps.groupbuy.rules import (
    Overflow,
    RoomStatus,
    admits,
    free_position,
    may_pay,
    seat_price,
)
from apps.groupbuy.selectors import room_terms
from apps.groupbuy.services.late import rooms_beside
from apps.orders.selectors import bought_before
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
        room = _room_for(seat, now)
        kept = room.seats.filter(status=Seat.Status.PAID).count() + 1 if room else 0
        forecasts.append(
            SeatForecast(
                line.line_id,
                seat,
                room or seat.room,
                "paid" if room else "refund_requested",
                completes=room is not None and kept == room.size,
            )
        )
    return sorted(forecasts, key=lambda forecast: forecast.room.pk)


def _room_for(seat: Seat, now: dt.datetime) -> Room | None:
    """The room in which a payment now gets a seat, this or another one; None: it is refunded."""
    room, terms = seat.room, room_terms(seat.room)
    if seat.status == Seat.Status.PAID or seat.line_id is not None:
        return None
    if terms.new_members_only and not seat.opens and bought_before(seat.member_id):
        return None
    status = RoomStatus(room.status)
    if seat.status == Seat.Status.HELD and may_pay(
        status, room.deadline_at, seat.hold_expires_at, now
    ):
        return room
    rooms = [room]
    if terms.overflow is Overflow.OTHER_ROOM:
        order = rooms_beside(room)
        found = Room.objects.select_related("offer__campaign").in_bulk(order)
        rooms += [found[pk] for pk in order if pk in found]
    return next((room for room in rooms if _has_place(room, seat, now)), None)


def _has_place(room: Room, seat: Seat, now: dt.datetime) -> bool:
    """Whether somebody too late finds a seat here at the same price, limits aside."""
    terms, item = room_terms(room), seat.item
    sold = terms.item(seat.item_id)
    if not admits(RoomStatus(room.status), room.deadline_at, now) or sold is None:
        return False
    price = seat_price(sold.group_price_minor, seat.quantity, opens=False, host_discount_minor=0)
    active = room.seats.filter(status__in=(Seat.Status.HELD, Seat.Status.PAID))
    taken = dict(
        active.exclude(status=Seat.Status.HELD, hold_expires_at__lte=now).values_list(
            "member_id", "position"
        )
    )
    return (
        price == seat.price_minor
        and item.stock - item.held - item.sold >= seat.quantity
        and seat.member_id not in taken
        and free_position(taken.values(), room.size) is not None
    )


def first_of(paid: Iterable[SeatForecast], campaign: Campaign) -> SeatForecast | None:
    """The order's seat in a campaign; with several, one in a room that would be complete."""
    own = [row for row in paid if row.room.offer.campaign_id == campaign.pk]
    own.sort(key=lambda row: row.seat.pk)
    return next((row for row in own if row.completes), own[0] if own else None)

"""Reading offers, rooms and seats."""

import datetime as dt
from dataclasses import dataclass, replace

from apps.core.clock import EngineNow
from apps.groupbuy.errors import OfferUnknown, RoomUnknown, SeatUnknown
from apps.groupbuy.models import Offer, OfferItem, Room, Seat
from apps.groupbuy.rules import (
    AtDeadline,
    CoolDown,
    Limits,
    Overflow,
    RoomItem,
    RoomStatus,
    Settlement,
    Step,
    Terms,
    terms_from_json,
)
from apps.members.selectors import Face, faces


def offer_by_public_id(public_id: str, *, is_test: bool) -> Offer:
    """The offer of a published campaign. Raises OfferUnknown."""
    offer = (
        Offer.objects.select_related("campaign")
        .filter(public_id=public_id, campaign__is_test=is_test)
        .exclude(campaign__status="draft")
        .first()
    )
    if offer is None:
        raise OfferUnknown()
    return offer


def room_by_public_id(public_id: str, *, is_test: bool | None = None) -> Room:
    """The room with its offer and campaign, in live or test mode (None: either).

    Raises RoomUnknown.
    """
    rooms = Room.objects.select_related("offer__campaign").filter(public_id=public_id)
    if is_test is not None:
        rooms = rooms.filter(offer__campaign__is_test=is_test)
    room = rooms.first()
    if room is None:
        raise RoomUnknown()
    return room


def seat_by_public_id(public_id: str, *, is_test: bool) -> Seat:
    """The seat with its room and item. Raises SeatUnknown."""
    seat = (
        Seat.objects.select_related("room__offer__campaign", "item", "member")
        .filter(public_id=public_id, member__is_test=is_test)
        .first()
    )
    if seat is None:
        raise SeatUnknown()
    return seat


def offer_terms(offer: Offer) -> Terms:
    """What a room of this offer would keep if it opened now: two queries."""
    items = offer.items.prefetch_related("steps").order_by("pk")
    return replace(offer_rules(offer), items=tuple(_room_item(item) for item in items))


def _room_item(item: OfferItem) -> RoomItem:
    return RoomItem(
        item.pk,
        item.sku,
        item.name,
        item.single_price_minor,
        item.group_price_minor,
        tuple(sorted(Step(step.headcount, step.price_minor) for step in item.steps.all())),
    )


def offer_rules(offer: Offer) -> Terms:
    """The terms of an offer but for its items: no query."""
    return Terms(
        at_deadline=AtDeadline(offer.at_deadline),
        minimum_seats=offer.minimum_seats,
        overflow=Overflow(offer.overflow),
        settlement=Settlement(offer.settlement),
        max_quantity=offer.max_quantity,
        limits=Limits(offer.rooms_hosted_limit, offer.seats_limit, offer.open_limit),
        cool_down=_cool_down(offer),
        new_members_only=offer.new_members_only,
        host_discount_minor=offer.host_discount_minor,
    )


def _cool_down(offer: Offer) -> CoolDown | None:
    if offer.cooldown_after is None:
        return None
    return CoolDown(offer.cooldown_after, offer.cooldown_window, offer.cooldown)


def room_terms(room: Room) -> Terms:
    """The terms a room opened with; no query. A room that kept none lives by its offer's."""
    return terms_from_json(room.terms) if room.terms else offer_terms(room.offer)


def open_rooms(offer: Offer) -> list[Room]:
    """The offer's rooms that admit somebody, those that end first in front."""
    return list(
        offer.rooms.filter(status=RoomStatus.OPEN, deadline_at__gt=EngineNow())
        .select_related("offer__campaign")
        .order_by("deadline_at")[:50]
    )


@dataclass(frozen=True)
class Place:
    """A place in a room as others see it; `face` is None while it is free."""

    position: int
    status: str
    is_host: bool
    face: Face | None


@dataclass(frozen=True)
class RoomView:
    """A room as a page or a phone shows it, on the server's clock."""

    room: Room
    places: tuple[Place, ...]
    paid: int
    held: int
    now: dt.datetime

    @property
    def missing(self) -> int:
        """Payments the room still needs."""
        return max(self.room.size - self.paid, 0)

    @property
    def free(self) -> int:
        return self.room.size - self.paid - self.held

    @property
    def seconds_left(self) -> int:
        if self.room.deadline_at is None:
            return 0
        return max(int((self.room.deadline_at - self.now).total_seconds()), 0)


def room_view(room: Room, now: dt.datetime) -> RoomView:
    """The room's places with the faces of who sits there: two queries."""
    shown = (Seat.Status.HELD, Seat.Status.PAID)
    seats = {seat.position: seat for seat in room.seats.filter(status__in=shown)}
    known = faces({seat.member_id for seat in seats.values()})
    places = []
    for position in range(room.size):
        seat = seats.get(position)
        if seat is None:
            places.append(Place(position, "free", False, None))
        else:
            face = known.get(seat.member_id, Face("", ""))
            places.append(Place(position, seat.status, seat.member_id == room.host_id, face))
    paid = sum(seat.status == Seat.Status.PAID for seat in seats.values())
    return RoomView(room, tuple(places), paid, len(seats) - paid, now)

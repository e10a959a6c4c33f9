"""A room as a page or a phone shows it. A handful of queries, however many rooms."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.campaigns.selectors import is_running
from apps.groupbuy.models import OfferItem, RefundOrder, Room, Seat
from apps.groupbuy.rules import (
    AtDeadline,
    NextStep,
    Numbers,
    RoomItem,
    RoomStatus,
    Showing,
    Terms,
    Words,
    next_step,
    showing,
    terms_from_json,
    words,
)
from apps.members.selectors import Face, faces

_ACTIVE = (Seat.Status.HELD, Seat.Status.PAID)
NOBODY = Face("", "")


@dataclass(frozen=True)
class Place:
    """A place in a room as others see it; `face` is None while it is free."""

    position: int
    status: str
    is_host: bool
    face: Face | None


@dataclass(frozen=True)
class RoomView:
    """A room as everybody may see it, on the database's clock."""

    room: Room
    terms: Terms
    items: tuple[RoomItem, ...]
    left: Mapping[int, int]
    places: tuple[Place, ...]
    numbers: Numbers
    now: dt.datetime

    @property
    def paid(self) -> int:
        return self.numbers.paid

    @property
    def held(self) -> int:
        return self.numbers.held

    @property
    def free(self) -> int:
        return self.numbers.free

    @property
    def missing(self) -> int:
        """Payments the room still needs to be full; none once it has completed."""
        return 0 if self.room.status == RoomStatus.COMPLETED else self.numbers.missing

    @property
    def headcount(self) -> int:
        """The paid seats that the final price goes by: those it completed with, else by now."""
        return self.room.headcount or self.numbers.paid

    @property
    def seconds_left(self) -> int:
        if self.room.deadline_at is None:
            return 0
        return max(int((self.room.deadline_at - self.now).total_seconds()), 0)

    @property
    def host(self) -> Face:
        """The host's face, while somebody hosts and the room is open to others' eyes."""
        return next((place.face for place in self.places if place.is_host and place.face), NOBODY)

    @property
    def state(self) -> Showing:
        room = self.room
        return showing(
            RoomStatus(room.status),
            self.numbers,
            in_time=room.deadline_at is not None and self.now < room.deadline_at,
            is_short=room.completed_short,
            is_sold_out=all(self.left.get(item.id, 0) <= 0 for item in self.items),
            is_running=is_running(room.offer.campaign, self.now),
        )

    @property
    def words(self) -> Words:
        room = self.room
        return words(
            self.state,
            self.numbers,
            completed_with=room.headcount or room.size,
            reason=room.reason,
        )


def room_view(room: Room, now: dt.datetime) -> RoomView:
    """The room's places with the faces of who sits there, and what is left to buy."""
    [view] = room_views([room], now)
    return view


def room_views(rooms: Sequence[Room], now: dt.datetime) -> list[RoomView]:
    """The views of rooms whose offers and campaigns are loaded; three queries for all of them."""
    seats: dict[int, dict[int, Seat]] = defaultdict(dict)
    for seat in Seat.objects.filter(room__in=rooms, status__in=_ACTIVE):
        seats[seat.room_id][seat.position] = seat
    shown = {room.pk for room in rooms if room.status != RoomStatus.PENDING}
    known = faces({seat.member_id for pk in shown for seat in seats[pk].values()})
    stock = _items_of({room.offer_id for room in rooms})
    return [_view(room, seats[room.pk], known, stock[room.offer_id], now) for room in rooms]


def _items_of(offer_ids: Iterable[int]) -> dict[int, list[OfferItem]]:
    found: dict[int, list[OfferItem]] = defaultdict(list)
    for item in OfferItem.objects.filter(offer__in=offer_ids).order_by("pk"):
        found[item.offer_id].append(item)
    return found


def _view(
    room: Room,
    seats: Mapping[int, Seat],
    known: Mapping[int, Face],
    stock: Sequence[OfferItem],
    now: dt.datetime,
) -> RoomView:
    terms = terms_from_json(room.terms)
    paid = sum(seat.status == Seat.Status.PAID for seat in seats.values())
    short = terms.at_deadline is AtDeadline.COMPLETE_SHORT
    return RoomView(
        room=room,
        terms=terms,
        items=terms.items or tuple(_as_room_item(item) for item in stock),
        left={item.pk: item.stock - item.held - item.sold for item in stock},
        places=tuple(
            _place(room, position, seats.get(position), known) for position in range(room.size)
        ),
        numbers=Numbers(room.size, paid, len(seats) - paid, terms.minimum_seats if short else 0),
        now=now,
    )


def _place(room: Room, position: int, seat: Seat | None, known: Mapping[int, Face]) -> Place:
    if seat is None:
        return Place(position, "free", False, None)
    face = known.get(seat.member_id, NOBODY)
    return Place(position, seat.status, seat.member_id == room.host_id, face)


def _as_room_item(item: OfferItem) -> RoomItem:
    """An item of a room that ended before rooms kept their terms."""
    return RoomItem(item.pk, item.sku, item.name, item.single_price_minor, item.group_price_minor)


@dataclass(frozen=True)
class OwnSeat:
    """A member's latest seat in a room, with the latest refund order about it."""

    seat: Seat
    refund: RefundOrder | None

    def next(self, view: RoomView) -> NextStep:
        """What its member can do now."""
        return next_step(
            RoomStatus(view.room.status),
            seat=self.seat.status,
            can_join=view.state is Showing.OPEN,
            refund=self.refund.status if self.refund else "",
        )


def own_seats(rooms: Sequence[Room], member_id: int) -> dict[int, OwnSeat]:
    """The member's latest seat in each of the rooms where there is one, by room; two queries."""
    seats = (
        Seat.objects.filter(room__in=rooms, member_id=member_id)
        .select_related("item")
        .prefetch_related("refund_orders")
        .order_by("pk")
    )
    own = {}
    for seat in seats:
        refunds = sorted(seat.refund_orders.all(), key=lambda refund: refund.pk)
        own[seat.room_id] = OwnSeat(seat, refunds[-1] if refunds else None)
    return own

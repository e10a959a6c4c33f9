"""Holding, leaving and releasing seats. Everything here happens under the room's lock."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from apps.campaigns.services import CampaignNotRunning
from apps.core.clock import EngineNow, engine_now
from apps.core.services import event_record
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.groupbuy import events
from apps.groupbuy.errors import (
    ItemUnknown,
    RoomUnknown,
    SeatNotHeld,
    SeatOfSomebodyElse,
    SeatUnknown,
)
from apps.groupbuy.models import Room, Seat
from apps.groupbuy.rules import (
    Ask,
    Place,
    Refusal,
    RoomItem,
    RoomStatus,
    Terms,
    asks_standing,
    free_position,
    may_hold,
    seat_price,
)
from apps.groupbuy.selectors import room_terms
from apps.groupbuy.services.discounts import discount_of, discount_reserve
from apps.groupbuy.services.standing import member_lock, refuse, standing_of
from apps.groupbuy.services.stock import stock_free, stock_hold
from apps.invites.models import Participant
from apps.invites.selectors import Brought, inviter_by, participant_of
from apps.invites.services import participant_admit


def room_lock(room_id: int) -> Room:
    """Lock a room (NO KEY UPDATE) and load its offer and campaign. Raises RoomUnknown."""
    room = (
        Room.objects.select_for_update(of=("self",), no_key=True)
        .select_related("offer__campaign")
        .filter(pk=room_id)
        .first()
    )
    if room is None:
        raise RoomUnknown()
    return room


@in_transaction
def seat_hold(
    *,
    room: Room,
    member_id: int,
    brought: Brought,
    now: dt.datetime,
    sku: str = "",
    quantity: int = 1,
    order_id: str = "",
) -> Seat:
    """Hold a seat while the shop takes payment, making the member a participant.

    The hold lives `hold_ttl` by the database's clock. Raises CampaignNotRunning under the emergency
    stop, what `rules.may_hold` refuses (RoomNotOpen, RoomFull, AlreadySeated, NewMembersOnly,
    CoolingDown, LimitReached, TooManyPieces, ItemUnknown), StockSpent, DiscountsSpent, and what
    `participant_admit` raises. Locks the member where the terms count what they have, the room,
    participants, stock, the budget where it counts discounts.
    """
    terms = room_terms(room)
    if asks_standing(terms):
        member_lock(member_id)
    room = room_lock(room.pk)
    if room.offer.campaign.stopped_at is not None:
        raise CampaignNotRunning()
    clock = engine_now()
    taken = places_taken(room, clock)
    position = free_position(taken.values(), room.size)
    place = Place(RoomStatus(room.status), room.deadline_at, member_id in taken, position)
    standing = standing_of(
        terms, offer_id=room.offer_id, member_id=member_id, opens=False, clock=clock
    )
    refusal = may_hold(terms, standing, place, Ask(sku, quantity), clock)
    if refusal is not None or position is None:
        refuse(refusal or Refusal.ROOM_FULL, terms, standing, clock)
    campaign = room.offer.campaign
    came = participant_admit(campaign=campaign, member_id=member_id, brought=brought, now=now)
    inviter = inviter_by(came.link, campaign, member_id) or participant_of(campaign, room.host_id)
    asked = Asked(member_id, item_of(terms, sku), quantity, order_id, inviter)
    return seat_insert(room, terms, asked, position=position, clock=clock)


@dataclass(frozen=True)
class Asked:
    """A seat to be made: for whom, of what, for which unpaid order, by whose invitation."""

    member_id: int
    item: RoomItem
    quantity: int
    order_id: str
    inviter: Participant | None = None
    opens: bool = False


def item_of(terms: Terms, sku: str) -> RoomItem:
    """The room's item with this sku, or its first one. Raises ItemUnknown."""
    item = terms.item_named(sku)
    if item is None:
        raise ItemUnknown(pointer="/sku")
    return item


def places_taken(room: Room, clock: dt.datetime) -> dict[int, int]:
    """Who sits where, (member, position), once expired holds are released.

    The caller has the room's lock.
    """
    seats = list(active_seats(room).order_by("pk"))
    expired = [
        seat for seat in seats if seat.status == Seat.Status.HELD and seat.hold_expires_at <= clock
    ]
    seats_release(room, expired, Seat.Released.EXPIRED, clock)
    return {seat.member_id: seat.position for seat in seats if seat not in expired}


def seat_insert(
    room: Room, terms: Terms, asked: Asked, *, position: int, clock: dt.datetime
) -> Seat:
    """Add a held seat, hold its stock and reserve its discount. The caller has the room's lock.

    Raises StockSpent, DiscountsSpent.
    """
    item, quantity = asked.item, asked.quantity
    stock_hold(item_id=item.id, quantity=quantity)
    discount = discount_of(terms, item, quantity, opens=asked.opens)
    discount = discount_reserve(room=room, discount_minor=discount)
    seat = Seat.objects.create(
        room=room,
        member_id=asked.member_id,
        inviter=asked.inviter,
        item_id=item.id,
        quantity=quantity,
        price_minor=price_of(terms, item, quantity, opens=asked.opens),
        discount_minor=discount,
        discount=Seat.Discount.RESERVED if discount else Seat.Discount.NONE,
        position=position,
        room_size=room.size,
        order_id=asked.order_id,
        opens=asked.opens,
        held_at=clock,
        hold_expires_at=clock + room.hold_ttl,
    )
    seat_report(events.SEAT_HELD, seat, room, clock, wakes=False)
    return seat


def price_of(terms: Terms, item: RoomItem, quantity: int, *, opens: bool) -> int:
    """What a seat is paid with: the group price; its steps lower the final one."""
    return seat_price(
        item.group_price_minor,
        quantity,
        opens=opens,
        host_discount_minor=terms.host_discount_minor,
    )


def seat_report(
    kind: str, seat: Seat, room: Room, clock: dt.datetime, *, wakes: bool = True, **more: str
) -> None:
    """Record what happened to a seat. A seat is held, paid and released once; swapped any number."""
    often = f":{clock.isoformat()}" if kind == events.SEAT_SWAPPED else ""
    event_record(
        key=f"{kind}:{seat.public_id}{often}",
        kind=kind,
        payload={
            "seat": seat.public_id,
            "room": room.public_id,
            "offer": room.offer.public_id,
            **more,
        },
        occurred_at=clock,
        is_test=room.offer.campaign.is_test,
        wakes=wakes,
    )


def active_seats(room: Room) -> QuerySet[Seat]:
    """The room's held and paid seats."""
    return room.seats.filter(status__in=(Seat.Status.HELD, Seat.Status.PAID))


def seats_release(room: Room, seats: Iterable[Seat], why: str, clock: dt.datetime) -> int:
    """Release active seats and free their stock; how many. The caller has the room's lock."""
    released = 0
    for seat in seats:
        was = seat.status
        if was == Seat.Status.RELEASED:
            continue  # it keeps its first reason
        changed = Seat.objects.filter(pk=seat.pk, status=was).update(
            status=Seat.Status.RELEASED, released=why, released_at=clock
        )
        if changed:
            stock_free(seat=seat, was=was)
            seat_report(events.SEAT_RELEASED, seat, room, clock, reason=str(why))
            released += 1
    return released


def room_look(room: Room, clock: dt.datetime) -> None:
    """Have the sweeper look at once at a room that waits only for holds: one of them is gone.

    The caller has the room's lock.
    """
    if room.status in (RoomStatus.PENDING, RoomStatus.CLOSING):
        room.due_at = clock
        room.save(update_fields=["due_at"])


def expired_release(room: Room, clock: dt.datetime) -> int:
    """Release the room's holds that have expired; how many. The caller has the room's lock."""
    expired = room.seats.filter(status=Seat.Status.HELD, hold_expires_at__lte=clock)
    return seats_release(room, expired.order_by("pk"), Seat.Released.EXPIRED, clock)


@in_transaction
def seat_leave(*, seat_id: str, member_id: int) -> None:
    """Give up a held seat; again changes nothing.

    Raises SeatUnknown, SeatOfSomebodyElse, SeatNotHeld when it is paid. Locks the room. A host who
    leaves before paying leaves the room to be cancelled by its sweeper at once.
    """
    room, seat = seat_lock(seat_id=seat_id, member_id=member_id)
    if seat.status == Seat.Status.PAID:
        raise SeatNotHeld()
    clock = engine_now()
    if seats_release(room, [seat], Seat.Released.LEFT, clock):
        room_look(room, clock)


def seat_lock(*, seat_id: str, member_id: int) -> tuple[Room, Seat]:
    """A member's seat, read under its room's lock. Raises SeatUnknown, SeatOfSomebodyElse."""
    found = Seat.objects.filter(public_id=seat_id).first()
    if found is None:
        raise SeatUnknown()
    if found.member_id != member_id:
        raise SeatOfSomebodyElse()
    room = room_lock(found.room_id)
    return room, Seat.objects.get(pk=found.pk)


@in_transaction
def seats_release_order(*, order_id: str, is_test: bool) -> int:
    """Release the seats held for a shop's order that will not be paid; how many. Locks the rooms."""
    held = Seat.objects.filter(
        order_id=order_id, status=Seat.Status.HELD, member__is_test=is_test
    ).order_by("room_id")
    released = 0
    for room_id in list(held.values_list("room_id", flat=True).distinct()):
        room = room_lock(room_id)
        mine = room.seats.filter(order_id=order_id, status=Seat.Status.HELD).order_by("pk")
        clock = engine_now()
        if gone := seats_release(room, mine, Seat.Released.ORDER_CANCELLED, clock):
            room_look(room, clock)
            released += gone
    return released


def holds_expire() -> int:
    """Release expired holds, one room per transaction; how many."""
    expired = Seat.objects.filter(status=Seat.Status.HELD, hold_expires_at__lte=EngineNow())
    return each_due(list(expired.values_list("room_id", flat=True).distinct()[:BATCH]), _expire_in)


@in_transaction
def _expire_in(room_id: int) -> int:
    return expired_release(room_lock(room_id), engine_now())

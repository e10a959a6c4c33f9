"""Holding, leaving and releasing seats. Everything here happens under the room's lock."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import QuerySet

from apps.campaigns.services import CampaignNotRunning
from apps.core.clock import EngineNow, engine_now
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.groupbuy.errors import (
    AlreadySeated,
    ItemUnknown,
    RoomFull,
    RoomNotOpen,
    RoomUnknown,
    SeatNotHeld,
    SeatOfSomebodyElse,
    SeatUnknown,
)
from apps.groupbuy.models import Offer, OfferItem, Room, Seat
from apps.groupbuy.rules import RoomStatus, admits, free_position
from apps.groupbuy.services.discounts import discount_reserve
from apps.groupbuy.services.offers import stock_free, stock_hold
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
    stop, RoomNotOpen, RoomFull, AlreadySeated, ItemUnknown, StockSpent, DiscountsSpent, and what
    `participant_admit` raises. Locks the room, participants, stock, the budget where it counts
    discounts.
    """
    room = room_lock(room.pk)
    if room.offer.campaign.stopped_at is not None:
        raise CampaignNotRunning()
    clock = engine_now()
    if not admits(RoomStatus(room.status), room.deadline_at, clock):
        raise RoomNotOpen()
    expired_release(room, clock)
    taken = dict(active_seats(room).values_list("member_id", "position"))
    if member_id in taken:
        raise AlreadySeated()
    position = free_position(taken.values(), room.size)
    if position is None:
        raise RoomFull()
    campaign = room.offer.campaign
    came = participant_admit(campaign=campaign, member_id=member_id, brought=brought, now=now)
    return seat_insert(
        room,
        member_id,
        item_of(room.offer, sku),
        quantity=quantity,
        position=position,
        inviter=inviter_by(came.link, campaign, member_id)
        or participant_of(campaign, room.host_id),
        order_id=order_id,
        clock=clock,
    )


def item_of(offer: Offer, sku: str) -> OfferItem:
    """The offer's item with this sku, or its first one. Raises ItemUnknown."""
    items = offer.items.filter(sku=sku) if sku else offer.items
    item = items.order_by("pk").first()
    if item is None:
        raise ItemUnknown(pointer="/sku")
    return item


def seat_insert(
    room: Room,
    member_id: int,
    item: OfferItem,
    *,
    quantity: int,
    position: int,
    inviter: Participant | None,
    order_id: str,
    clock: dt.datetime,
) -> Seat:
    """Add a held seat, hold its stock and reserve its discount. The caller has the room's lock.

    Raises StockSpent, DiscountsSpent.
    """
    stock_hold(item=item, quantity=quantity)
    discount = discount_reserve(room=room, item=item, quantity=quantity)
    return Seat.objects.create(
        room=room,
        member_id=member_id,
        inviter=inviter,
        item=item,
        quantity=quantity,
        price_minor=item.group_price_minor * quantity,
        discount_minor=discount,
        discount=Seat.Discount.RESERVED if discount else Seat.Discount.NONE,
        position=position,
        room_size=room.size,
        order_id=order_id,
        held_at=clock,
        hold_expires_at=clock + room.hold_ttl,
    )


def active_seats(room: Room) -> QuerySet[Seat]:
    """The room's held and paid seats."""
    return room.seats.filter(status__in=(Seat.Status.HELD, Seat.Status.PAID))


def seats_release(seats: Iterable[Seat], why: str, clock: dt.datetime) -> int:
    """Release active seats and free their stock; how many. The caller has the room's lock."""
    released = 0
    for seat in seats:
        was = seat.status
        changed = Seat.objects.filter(pk=seat.pk, status=was).update(
            status=Seat.Status.RELEASED, released=why, released_at=clock
        )
        if changed and was != Seat.Status.RELEASED:
            stock_free(seat=seat, was=was)
            released += 1
    return released


def expired_release(room: Room, clock: dt.datetime) -> int:
    """Release the room's holds that have expired; how many. The caller has the room's lock."""
    expired = room.seats.filter(status=Seat.Status.HELD, hold_expires_at__lte=clock)
    return seats_release(expired.order_by("pk"), Seat.Released.EXPIRED, clock)


@in_transaction
def seat_leave(*, seat_id: str, member_id: int) -> None:
    """Give up a held seat; again changes nothing.

    Raises SeatUnknown, SeatOfSomebodyElse, SeatNotHeld when it is paid. Locks the room. A host who
    leaves before paying leaves the room to be cancelled by its sweeper at once.
    """
    found = Seat.objects.filter(public_id=seat_id).first()
    if found is None:
        raise SeatUnknown()
    if found.member_id != member_id:
        raise SeatOfSomebodyElse()
    room = room_lock(found.room_id)
    seat = Seat.objects.get(pk=found.pk)
    if seat.status == Seat.Status.PAID:
        raise SeatNotHeld()
    clock = engine_now()
    if seats_release([seat], Seat.Released.LEFT, clock) and room.status == RoomStatus.PENDING:
        Room.objects.filter(pk=room.pk).update(due_at=clock)


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
        released += seats_release(mine, Seat.Released.ORDER_CANCELLED, engine_now())
    return released


def holds_expire() -> int:
    """Release expired holds, one room per transaction; how many."""
    expired = Seat.objects.filter(status=Seat.Status.HELD, hold_expires_at__lte=EngineNow())
    return each_due(list(expired.values_list("room_id", flat=True).distinct()[:BATCH]), _expire_in)


@in_transaction
def _expire_in(room_id: int) -> int:
    return expired_release(room_lock(room_id), engine_now())

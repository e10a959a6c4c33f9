"""A seat for a payment that came too late: another one in its room, or one in another open room."""

import datetime as dt
from dataclasses import replace

from django.db import transaction
from django.db.models import Count, F, Q

from apps.core.clock import EngineNow
from apps.groupbuy.errors import DiscountsSpent, StockSpent
from apps.groupbuy.models import Room, Seat
from apps.groupbuy.rules import (
    Ask,
    Listing,
    Overflow,
    Place,
    RoomStatus,
    Terms,
    free_position,
    may_hold,
)
from apps.groupbuy.selectors import room_terms
from apps.groupbuy.services.seats import Asked, places_taken, price_of, seat_insert
from apps.groupbuy.services.standing import standing_of

# How many rooms somebody too late is tried in before their money goes back.
TRIED = 10

_TAKEN = Count("seats", filter=Q(seats__status__in=(Seat.Status.HELD, Seat.Status.PAID)))


def seat_in_room(room: Room, terms: Terms, late: Seat, clock: dt.datetime) -> Seat | None:
    """A new seat instead of a late one, if this room has one for its member at the same price.

    Judged as a hold is, but for what the payment has answered: who pays is new, and keeps nobody
    waiting. The caller has the member's lock and the room's; locks the stock, the budget where it
    counts discounts.
    """
    item = terms.item(late.item_id)
    if item is None or room.offer.campaign.stopped_at is not None:
        return None
    if price_of(terms, item, late.quantity, opens=False) != late.price_minor:
        return None
    taken = places_taken(room, clock)
    position = free_position(taken.values(), room.size)
    place = Place(RoomStatus(room.status), room.deadline_at, late.member_id in taken, position)
    standing = standing_of(
        replace(terms, new_members_only=False, cool_down=None),
        offer_id=room.offer_id,
        member_id=late.member_id,
        opens=False,
        clock=clock,
    )
    ask = Ask(item.sku, late.quantity)
    if position is None or may_hold(terms, standing, place, ask, clock) is not None:
        return None
    asked = Asked(late.member_id, item, late.quantity, late.order_id, late.inviter)
    try:
        with transaction.atomic():
            return seat_insert(room, terms, asked, position=position, clock=clock)
    except (StockSpent, DiscountsSpent):
        return None


def seat_elsewhere(room: Room, terms: Terms, late: Seat, clock: dt.datetime) -> Seat | None:
    """A seat in another open room of the offer, where the late one's room sends those who are late.

    Publicly listed rooms only, the one with the fewest seats left first. A room that somebody else
    has locked is passed over: two payers, each with a room's lock, never wait for one another.
    """
    if terms.overflow is not Overflow.OTHER_ROOM:
        return None
    for room_id in rooms_beside(room):
        other = _lock_if_free(room_id)
        if other is None:
            continue
        seat = seat_in_room(other, room_terms(other), late, clock)
        if seat is not None:
            return seat
    return None


def rooms_beside(room: Room) -> list[int]:
    """The offer's other rooms in which somebody too late is tried, in that order. Only reads."""
    open_ = Room.objects.filter(
        offer_id=room.offer_id,
        status=RoomStatus.OPEN,
        listing=Listing.PUBLIC,
        deadline_at__gt=EngineNow(),
    ).exclude(pk=room.pk)
    by_left = open_.annotate(left=F("size") - _TAKEN).filter(left__gt=0).order_by("left", "pk")
    return list(by_left.values_list("pk", flat=True)[:TRIED])


def _lock_if_free(room_id: int) -> Room | None:
    return (
        Room.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("offer__campaign")
        .filter(pk=room_id)
        .first()
    )

"""What a member has of an offer, counted under their lock, and what the rules say to it."""

import datetime as dt
from typing import NoReturn

from django.db.models import Count, Q

from apps.groupbuy import rules
from apps.groupbuy.errors import (
    AlreadySeated,
    CoolingDown,
    ItemUnknown,
    LimitReached,
    NewMembersOnly,
    RoomFull,
    RoomNotOpen,
    TooManyPieces,
)
from apps.groupbuy.models import Seat
from apps.groupbuy.rules import ACTIVE, Refusal, Standing, Terms
from apps.members.models import Member
from apps.orders.selectors import bought_before

_LIMITS = {
    Refusal.HOSTED_LIMIT: "This member hosts as many rooms of this offer as one member may.",
    Refusal.SEATS_LIMIT: "This member has as many seats of this offer as one member may.",
    Refusal.OPEN_LIMIT: "This member sits in as many open rooms of this offer as one member may.",
}
_GIVEN_UP = (Seat.Released.LEFT, Seat.Released.EXPIRED)


def member_lock(member_id: int) -> None:
    """Lock a member's row (NO KEY UPDATE), before any room: their holds anywhere take turns."""
    Member.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=member_id)


def standing_of(
    terms: Terms, *, offer_id: int, member_id: int, opens: bool, clock: dt.datetime
) -> Standing:
    """What `rules.may_hold` needs to know of a member; no query for what the terms do not ask.

    The caller has the member's lock where `rules.asks_standing`.
    """
    is_new = opens or not terms.new_members_only or not bought_before(member_id)
    if not rules.asks_standing(terms):
        return Standing(is_new=is_new)
    seats = Seat.objects.filter(member_id=member_id, room__offer_id=offer_id)
    active = Q(status__in=(Seat.Status.HELD, Seat.Status.PAID))
    counts = seats.filter(active).aggregate(
        seats=Count("pk"),
        hosted=Count("pk", filter=Q(opens=True)),
        open=Count("pk", filter=Q(room__status__in=ACTIVE)),
    )
    return Standing(**counts, releases=_releases(terms, offer_id, member_id, clock), is_new=is_new)


def _releases(
    terms: Terms, offer_id: int, member_id: int, clock: dt.datetime
) -> tuple[dt.datetime, ...]:
    if terms.cool_down is None:
        return ()
    since = clock - terms.cool_down.window - terms.cool_down.pause
    given_up = Seat.objects.filter(
        member_id=member_id,
        room__offer_id=offer_id,
        released__in=_GIVEN_UP,
        released_at__gt=since,
    )
    times = given_up.values_list("released_at", flat=True)
    return tuple(at for at in times if at is not None)


def refuse(refusal: Refusal, terms: Terms, standing: Standing, clock: dt.datetime) -> NoReturn:
    """Raise the error that a refusal is at the door."""
    if refusal in _LIMITS:
        raise LimitReached(_LIMITS[refusal])
    if refusal is Refusal.COOLING_DOWN:
        until = rules.cools_until(terms.cool_down, standing.releases, clock)
        raise CoolingDown(f"{CoolingDown.message} Until {until:%Y-%m-%dT%H:%M:%SZ}.")
    if refusal is Refusal.TOO_MANY_PIECES:
        raise TooManyPieces(
            f"A seat may have {terms.max_quantity} at the most.", pointer="/quantity"
        )
    if refusal is Refusal.ITEM_UNKNOWN:
        raise ItemUnknown(pointer="/sku")
    raise _PLAIN[refusal]()


_PLAIN = {
    Refusal.ROOM_NOT_OPEN: RoomNotOpen,
    Refusal.ALREADY_SEATED: AlreadySeated,
    Refusal.ROOM_FULL: RoomFull,
    Refusal.NEW_MEMBERS_ONLY: NewMembersOnly,
}

"""Whether a member may have a seat. Pure: every check of a hold is here, over a few loaded figures."""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from apps.groupbuy.rules.states import RoomStatus, admits
from apps.groupbuy.rules.terms import CoolDown, Terms


class Refusal(enum.StrEnum):
    """Why a seat is refused; the error's code at the door."""

    ROOM_NOT_OPEN = "room_not_open"
    ALREADY_SEATED = "already_seated"
    ROOM_FULL = "room_full"
    NEW_MEMBERS_ONLY = "new_members_only"
    COOLING_DOWN = "cooling_down"
    HOSTED_LIMIT = "rooms_hosted"
    SEATS_LIMIT = "seats"
    OPEN_LIMIT = "open_at_once"
    TOO_MANY_PIECES = "too_many_pieces"
    ITEM_UNKNOWN = "item_unknown"


@dataclass(frozen=True)
class Standing:
    """What a member has of an offer, and whether they are new to the shop.

    `hosted` are the rooms they opened in which they sit, `seats` their held and paid seats, `open`
    those in rooms that have not ended; `releases` when they gave up holds: left, or let expire.
    """

    hosted: int = 0
    seats: int = 0
    open: int = 0
    releases: tuple[dt.datetime, ...] = ()
    is_new: bool = True


@dataclass(frozen=True)
class Place:
    """Where a seat is asked for: `position` is a free place of the room, None when it is full."""

    status: RoomStatus
    deadline: dt.datetime | None
    seated: bool
    position: int | None


# The place of the host, in the room that opens with them.
OPENING = Place(RoomStatus.PENDING, None, seated=False, position=0)


@dataclass(frozen=True)
class Ask:
    """The seat somebody asks for; `opens` is the host's seat with which a room opens."""

    sku: str = ""
    quantity: int = 1
    opens: bool = False


def asks_standing(terms: Terms) -> bool:
    """Whether anything of a member's standing must be counted, which takes the member's lock."""
    return bool(terms.limits) or terms.cool_down is not None


def may_hold(
    terms: Terms, standing: Standing, place: Place, ask: Ask, now: dt.datetime
) -> Refusal | None:
    """Why this member may not hold this seat now; None when they may.

    Only the room's state, who sits there, and its frozen terms are judged: stock and budget are
    taken by conditional updates of their own.
    """
    return may_sit(place, ask, now) or may_ask(terms, standing, ask, now)


def may_sit(place: Place, ask: Ask, now: dt.datetime) -> Refusal | None:
    """What the room as it stands has against the seat."""
    if not ask.opens and not admits(place.status, place.deadline, now):
        return Refusal.ROOM_NOT_OPEN
    if place.seated:
        return Refusal.ALREADY_SEATED
    return Refusal.ROOM_FULL if place.position is None else None


def may_ask(terms: Terms, standing: Standing, ask: Ask, now: dt.datetime) -> Refusal | None:
    """What the room's terms have against the seat, whatever becomes of the room."""
    return _may_have(terms, standing, ask, now) or _may_order(terms, ask)


def _may_have(terms: Terms, standing: Standing, ask: Ask, now: dt.datetime) -> Refusal | None:
    limits = terms.limits
    if terms.new_members_only and not standing.is_new and not ask.opens:
        return Refusal.NEW_MEMBERS_ONLY
    if cools_until(terms.cool_down, standing.releases, now) is not None:
        return Refusal.COOLING_DOWN
    if ask.opens and _reached(limits.rooms_hosted, standing.hosted):
        return Refusal.HOSTED_LIMIT
    if _reached(limits.seats, standing.seats):
        return Refusal.SEATS_LIMIT
    if _reached(limits.open_at_once, standing.open):
        return Refusal.OPEN_LIMIT
    return None


def _may_order(terms: Terms, ask: Ask) -> Refusal | None:
    if terms.item_named(ask.sku) is None:
        return Refusal.ITEM_UNKNOWN
    if terms.max_quantity is not None and ask.quantity > terms.max_quantity:
        return Refusal.TOO_MANY_PIECES
    return None


def _reached(limit: int | None, has: int) -> bool:
    return limit is not None and has >= limit


def cools_until(
    cool_down: CoolDown | None, releases: Sequence[dt.datetime], now: dt.datetime
) -> dt.datetime | None:
    """Until when somebody waits who gave up these holds; None when they need not (any more).

    Each release that is the `after`-th within `window` starts a `pause`; the last one counts.
    """
    if cool_down is None:
        return None
    times, need = sorted(releases), cool_down.after
    starts = [
        last
        for first, last in zip(times, times[need - 1 :], strict=False)
        if last - first < cool_down.window
    ]
    until = max(starts) + cool_down.pause if starts else now
    return until if until > now else None


def opens_rooms(
    *, is_active: bool, starts: dt.datetime | None, ends: dt.datetime | None, now: dt.datetime
) -> str:
    """Why an offer opens no room now: `withdrawn`, `not_started`, `ended`; empty when it does."""
    if not is_active:
        return "withdrawn"
    if starts is not None and now < starts:
        return "not_started"
    return "ended" if ends is not None and now >= ends else ""

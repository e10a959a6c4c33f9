"""Holding a seat in one look and one write: what `seat_hold` does where nothing is unusual."""

import datetime as dt
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from psycopg.types.json import Jsonb

from apps.core import nudges, statements
from apps.core.ids import new_id
from apps.core.replies import ASKED, KEEP, Asked
from apps.core.services import EVENT
from apps.groupbuy import events
from apps.groupbuy.errors import RoomUnknown
from apps.groupbuy.rules import (
    Ask,
    RoomItem,
    Standing,
    Terms,
    asks_standing,
    may_ask,
    terms_from_json,
)
from apps.groupbuy.services.discounts import discount_of
from apps.groupbuy.services.seats import price_of
from apps.invites.selectors import Brought
from apps.invites.services import Foreseen, admission_foresee


@dataclass(frozen=True)
class _Frozen:
    """What never changes of a room."""

    room_id: int
    public_id: str
    offer_id: int
    offer: str
    campaign_id: int
    size: int
    hold_ttl: dt.timedelta
    terms: Terms


_FREEZE = """
SELECT room.id, offer.id, offer.public_id, offer.campaign_id, room.size, room.hold_ttl, room.terms
FROM groupbuy_room room
JOIN groupbuy_offer offer ON offer.id = room.offer_id
JOIN campaigns_campaign campaign ON campaign.id = offer.campaign_id
WHERE room.public_id = %(public_id)s AND campaign.is_test = %(is_test)s
"""


@functools.lru_cache(maxsize=10_000)
def _frozen(public_id: str, is_test: bool) -> _Frozen:
    """What a room froze, read once by this process. Raises RoomUnknown.

    A room that keeps no terms ended long ago, and holds no seats.
    """
    rows = statements.run(_FREEZE, {"public_id": public_id, "is_test": is_test})
    if not rows:
        raise RoomUnknown()
    room_id, offer_id, offer, campaign_id, size, hold_ttl, terms = rows[0]
    return _Frozen(
        room_id=room_id,
        public_id=public_id,
        offer_id=offer_id,
        offer=offer,
        campaign_id=campaign_id,
        size=size,
        hold_ttl=hold_ttl,
        terms=terms_from_json(json.loads(terms)),
    )


@dataclass(frozen=True)
class Held:
    """A seat that is to be held, but for where it is and until when: the statement decides that."""

    id: str
    room: str
    member: str
    sku: str
    quantity: int
    price_minor: int
    currency: str


_LOCK_MEMBER = "SELECT id FROM members_member WHERE id = %(member_id)s::bigint FOR NO KEY UPDATE"
_LOCK = "SELECT id FROM groupbuy_room WHERE id = %(room_id)s::bigint FOR NO KEY UPDATE"
# The room is locked by the statement before this one, so all that is read here is as new as its lock.
# rules.may_sit: open, before its deadline, the member not in it, a place free; rules.free_position:
# the lowest, which is next where none before it was given up. A hold that has expired and is not
# swept yet is not usual.
#
# Stock is locked as late as can be. When it is spent there is none to name in the seat: the seat is
# refused, and with it everything.
_HOLD = """
WITH {asked}, taken AS (
  SELECT count(*) AS seats, coalesce(max(position) + 1, 0) AS until,
         bool_or(member_id = %(member_id)s::bigint
                 OR status = 'held' AND hold_expires_at <= engine_now()) AS hinders
  FROM groupbuy_seat WHERE room_id = %(room_id)s::bigint AND status IN ('held', 'paid')
), place AS MATERIALIZED (
  SELECT room.id AS room_id, room.host_id, engine_now() AS at,
         CASE WHEN taken.seats = taken.until THEN taken.seats ELSE (
           SELECT free FROM generate_series(0, %(size)s::int - 1) free
           WHERE NOT EXISTS (
             SELECT FROM groupbuy_seat
             WHERE room_id = room.id AND position = free AND status IN ('held', 'paid'))
           ORDER BY free LIMIT 1
         ) END AS position
  FROM asked, groupbuy_room room, campaigns_campaign campaign, taken
  WHERE room.id = %(room_id)s::bigint AND room.status = 'open' AND engine_now() < room.deadline_at
    AND campaign.id = %(campaign_id)s::bigint AND campaign.stopped_at IS NULL
    AND taken.hinders IS NOT TRUE AND taken.seats < %(size)s::int {stands}
), {admitted}stock AS (
  UPDATE groupbuy_offeritem item SET held = item.held + %(quantity)s::int
  FROM {after} WHERE item.id = %(item_id)s::bigint
    AND item.stock >= item.held + item.sold + %(quantity)s::int
  RETURNING item.id
), seat AS (
  INSERT INTO groupbuy_seat
    (public_id, room_id, member_id, inviter_id, item_id, quantity, price_minor, discount_minor,
     discount, position, room_size, status, released, order_id, held_at, hold_expires_at)
  SELECT %(seat)s, room_id, %(member_id)s::bigint, {inviter}, (SELECT id FROM stock),
         %(quantity)s::int, %(price_minor)s::bigint, 0, '', position, %(size)s::int, 'held', '',
         %(order_id)s, at, at + %(hold_ttl)s
  FROM place
  RETURNING position, held_at, hold_expires_at
), {noted}, {keep}
SELECT position, body ->> 'hold_expires_at' FROM seat, kept
"""
# What a member has of the offer, counted before the locks, to decide by, and again under the lock of
# the member, to see that it is still so.
_COUNTED = """
SELECT count(*) FILTER (WHERE seat.opens) AS hosted, count(*) AS seats,
       count(*) FILTER (WHERE theirs.status IN ('pending', 'open', 'closing')) AS open
FROM groupbuy_seat seat JOIN groupbuy_room theirs ON theirs.id = seat.room_id
WHERE seat.member_id = %(member_id)s::bigint AND theirs.offer_id = %(offer_id)s::bigint
  AND seat.status IN ('held', 'paid')
"""
_STANDS = f"AND (%(hosted)s::int, %(seats)s::int, %(open)s::int) = ({_COUNTED})"
_INVITER = "%(inviter)s::bigint"
_HOST = """(
    SELECT host.id FROM invites_participant host
    WHERE host.campaign_id = %(campaign_id)s::bigint AND host.member_id = place.host_id)"""
_NOTED = EVENT.format(
    name="noted",
    kind=events.SEAT_HELD,
    key=f"'{events.SEAT_HELD}:' || %(seat)s",
    payload="%(payload)s::jsonb",
    at="held_at",
    source="seat",
)
_KEEP = KEEP.format(
    status=201,
    body="""%(body)s::jsonb || jsonb_build_object('position', position, 'hold_expires_at',
      to_char(hold_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))""",
    source="seat",
)


def seat_hold_and_reply(
    *,
    room: str,
    is_test: bool,
    member_id: int,
    brought: Brought,
    now: dt.datetime,
    ask: Ask,
    order_id: str,
    reply: Asked,
    body: Callable[[Held], dict[str, Any]],
) -> dict[str, Any] | None:
    """All that a request to hold a seat does, in one look, one lock with one write, and one commit.

    Where it is the first under its key and nothing is unusual: then the reply, `body` of the seat
    with its position and expiry; else nothing is done, and None. Not usual: what
    `admission_foresee` does not foresee, cool-downs, and discounts that come from the budget.
    Raises RoomUnknown, and IntegrityError when a twin was faster or the stock is spent. Locks the
    member where the terms count what they have, the room, the referrer (KEY SHARE), the stock.
    """
    frozen = _frozen(room, is_test)
    came = admission_foresee(
        campaign_id=frozen.campaign_id, member_id=member_id, brought=brought, now=now
    )
    if came is None:
        return None
    standing = _standing(frozen, came, member_id)
    item = None if standing is None else _item_allowed(frozen, came, standing, ask, now)
    if item is None or standing is None:
        return None
    held = _held(frozen, came, item, ask.quantity)
    shown = body(held)
    asked = {
        **_of_seat(frozen, held, item),
        "hosted": standing.hosted,
        "seats": standing.seats,
        "open": standing.open,
        "inviter": came.inviter,
        "order_id": order_id,
        "body": Jsonb(shown),
        **came.parameters,
        **reply.parameters(),
    }
    steps = _steps(
        counts=asks_standing(frozen.terms),
        by_host=came.inviter is None,
        comes=bool(came.comes),
        parts=came.parts,
    )
    rows = statements.run_in_turn(*((step, asked) for step in steps))
    if not rows:
        return None
    if came.comes:
        transaction.on_commit(nudges.nudge_processor)
    [(position, hold_expires_at)] = rows
    return shown | {"position": position, "hold_expires_at": hold_expires_at}


def _standing(frozen: _Frozen, came: Foreseen, member_id: int) -> Standing | None:
    """What the member has of the offer, where the terms count it; None where they count more."""
    is_new = not came.bought_before
    if not asks_standing(frozen.terms):
        return Standing(is_new=is_new)
    if frozen.terms.cool_down is not None:
        return None
    asked = {"member_id": member_id, "offer_id": frozen.offer_id}
    [(hosted, seats, in_open_rooms)] = statements.run(_COUNTED, asked)
    return Standing(hosted, seats, in_open_rooms, is_new=is_new)


def _item_allowed(
    frozen: _Frozen, came: Foreseen, standing: Standing, ask: Ask, now: dt.datetime
) -> RoomItem | None:
    """The item, where the frozen terms allow it and no discount comes from the budget."""
    if may_ask(frozen.terms, standing, ask, now) is not None:
        return None
    item = frozen.terms.item_named(ask.sku)
    if item is None or not came.campaign.counts_group_discounts:
        return item
    return item if discount_of(frozen.terms, item, ask.quantity, opens=False) <= 0 else None


def _held(frozen: _Frozen, came: Foreseen, item: RoomItem, quantity: int) -> Held:
    return Held(
        id=new_id("seat"),
        room=frozen.public_id,
        member=came.member,
        sku=item.sku,
        quantity=quantity,
        price_minor=price_of(frozen.terms, item, quantity, opens=False),
        currency=came.campaign.currency,
    )


def _of_seat(frozen: _Frozen, held: Held, item: RoomItem) -> dict[str, Any]:
    return {
        "room_id": frozen.room_id,
        "offer_id": frozen.offer_id,
        "size": frozen.size,
        "hold_ttl": frozen.hold_ttl,
        "item_id": item.id,
        "quantity": held.quantity,
        "price_minor": held.price_minor,
        "seat": held.id,
        "payload": Jsonb({"seat": held.id, "room": held.room, "offer": frozen.offer}),
    }


@functools.lru_cache(maxsize=100)
def _steps(*, counts: bool, by_host: bool, comes: bool, parts: tuple[str, ...]) -> list[str]:
    """The statements, in the order of their locks: the member's where it is counted, the room's.

    `by_host`: nobody else invited whoever sits down.
    """
    hold = _HOLD.format(
        asked=ASKED,
        stands=_STANDS if counts else "",
        admitted="".join(f"{part}, " for part in parts),
        after="participant" if comes else "place",
        inviter=_HOST if by_host else _INVITER,
        noted=_NOTED,
        keep=_KEEP,
    )
    return [_LOCK_MEMBER, _LOCK, hold] if counts else [_LOCK, hold]

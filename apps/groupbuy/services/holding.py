"""Holding a seat in one look and one write: what `seat_hold` does where nothing is unusual."""

import datetime as dt
import functools
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
from apps.groupbuy.rules import Ask, RoomItem, Standing, Terms, asks_standing, may_ask
from apps.groupbuy.selectors import room_by_public_id, room_terms
from apps.groupbuy.services.discounts import discount_of
from apps.groupbuy.services.seats import price_of
from apps.invites.selectors import Brought
from apps.invites.services import Foreseen, admission_foresee


@dataclass(frozen=True)
class _Frozen:
    """What never changes of a room once it is there."""

    room_id: int
    public_id: str
    offer: str
    campaign_id: int
    size: int
    hold_ttl: dt.timedelta
    terms: Terms | None


@functools.lru_cache(maxsize=10_000)
def _frozen(public_id: str, is_test: bool) -> _Frozen:
    """A room's frozen terms, read once by this process. Raises RoomUnknown."""
    room = room_by_public_id(public_id, is_test=is_test)
    return _Frozen(
        room.pk,
        room.public_id,
        room.offer.public_id,
        room.offer.campaign_id,
        room.size,
        room.hold_ttl,
        room_terms(room) if room.terms else None,
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


_LOCK = "SELECT id FROM groupbuy_room WHERE id = %(room_id)s::bigint FOR NO KEY UPDATE"
# The room is locked by the statement before this one, so all that is read here is as new as its lock.
# rules.may_sit: open, before its deadline, the member not in it, a place free; rules.free_position:
# the lowest. A hold that has expired and is not swept yet is not usual.
#
# Stock is locked as late as can be. When it is spent there is none to name in the seat: the seat is
# refused, and with it everything.
_HOLD = """
WITH {asked}, taken AS (
  SELECT coalesce(array_agg(position), '{{}}') AS positions,
         bool_or(member_id = %(member_id)s::bigint
                 OR status = 'held' AND hold_expires_at <= engine_now()) AS hinders
  FROM groupbuy_seat WHERE room_id = %(room_id)s::bigint AND status IN ('held', 'paid')
), place AS MATERIALIZED (
  SELECT room.id AS room_id, room.host_id, engine_now() AS at, (
           SELECT free FROM generate_series(0, %(size)s::int - 1) free
           WHERE free <> ALL (taken.positions) ORDER BY free LIMIT 1
         ) AS position
  FROM asked, groupbuy_room room, campaigns_campaign campaign, taken
  WHERE room.id = %(room_id)s::bigint AND room.status = 'open' AND engine_now() < room.deadline_at
    AND campaign.id = %(campaign_id)s::bigint AND campaign.stopped_at IS NULL
    AND taken.hinders IS NOT TRUE AND cardinality(taken.positions) < %(size)s::int
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
SELECT position, hold_expires_at FROM seat
"""
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
    sku: str,
    quantity: int,
    order_id: str,
    reply: Asked,
    body: Callable[[Held], dict[str, Any]],
) -> dict[str, Any] | None:
    """All that a request to hold a seat does, in one look, one lock with one write, and one commit.

    Where it is the first under its key and nothing is unusual: then the reply, `body` of the seat
    with its position and expiry; else nothing is done, and None. Usual is what
    `admission_foresee` foresees, in a room that kept its terms, where the terms count nothing of
    the member's and no discount comes from the budget. Raises IntegrityError when a twin was faster
    or the stock is spent. Locks the room, the referrer (KEY SHARE), the stock.
    """
    frozen = _frozen(room, is_test)
    came = admission_foresee(
        campaign_id=frozen.campaign_id, member_id=member_id, brought=brought, now=now
    )
    item = None if came is None else _item_allowed(frozen, came, Ask(sku, quantity), now)
    if came is None or item is None or frozen.terms is None:
        return None
    held = Held(
        id=new_id("seat"),
        room=frozen.public_id,
        member=came.member,
        sku=item.sku,
        quantity=quantity,
        price_minor=price_of(frozen.terms, item, quantity, opens=False),
        currency=came.campaign.currency,
    )
    shown = body(held)
    asked = {
        "room_id": frozen.room_id,
        "size": frozen.size,
        "hold_ttl": frozen.hold_ttl,
        "item_id": item.id,
        "quantity": quantity,
        "price_minor": held.price_minor,
        "inviter": came.inviter,
        "order_id": order_id,
        "seat": held.id,
        "payload": Jsonb({"seat": held.id, "room": held.room, "offer": frozen.offer}),
        "body": Jsonb(shown),
        **came.parameters,
        **reply.parameters(),
    }
    rows = statements.run_in_turn((_LOCK, asked), (_statement(came), asked))
    if not rows:
        return None
    if came.comes:
        transaction.on_commit(nudges.nudge_processor)
    [(position, hold_expires_at)] = rows
    return shown | {"position": position, "hold_expires_at": hold_expires_at}


def _item_allowed(frozen: _Frozen, came: Foreseen, ask: Ask, now: dt.datetime) -> RoomItem | None:
    """The item, where the frozen terms allow it and nothing has to be counted for it."""
    terms = frozen.terms
    if terms is None or asks_standing(terms):
        return None
    if may_ask(terms, Standing(is_new=not came.bought_before), ask, now) is not None:
        return None
    item = terms.item_named(ask.sku)
    if item is None or not came.campaign.counts_group_discounts:
        return item
    return item if discount_of(terms, item, ask.quantity, opens=False) <= 0 else None


def _statement(came: Foreseen) -> str:
    return _HOLD.format(
        asked=ASKED,
        admitted="".join(f"{part}, " for part in came.parts),
        after="participant" if came.comes else "place",
        inviter=_HOST if came.inviter is None else _INVITER,
        noted=_NOTED,
        keep=_KEEP,
    )

"""Coupons at checkout: reserved for an order, redeemed by its payment, returned by its refund."""

import datetime as dt
import json
from typing import Any

from django.db.models import Q

from apps.core import nudges, statements
from apps.core.clock import engine_now
from apps.core.replies import ASKED, KEEP, Asked
from apps.core.services import EVENT
from apps.core.transactions import in_transaction
from apps.coupons import events
from apps.coupons.errors import CouponOfSomebodyElse, CouponReserved, CouponUsed
from apps.coupons.models import Coupon, Template
from apps.coupons.services.moves import (
    code_lock,
    coupon_move,
    coupon_note,
    demand_started,
    hand_over,
    usable_by,
    why_not,
)

Status = Coupon.Status

RESERVATION_TTL = dt.timedelta(minutes=30)


@in_transaction
def coupon_reserve(
    *,
    code: str,
    member_id: int,
    order_id: str,
    is_test: bool,
    now: dt.datetime,
    ttl: dt.timedelta | None = None,
) -> Coupon:
    """Set a coupon aside for an order while the shop takes payment, half an hour unless told.

    A code that is nobody's becomes the member's. Again for the same order changes nothing. Raises
    CouponUnknown, CouponOfSomebodyElse, CouponUsed, CouponReserved, CouponExpired, CouponRevoked,
    CouponPending, CouponNotStarted, CouponHeld, CouponMemberLimit, ModeMismatch. Locks the coupon.
    """
    coupon = code_lock(code, is_test=is_test)
    if _is_for(coupon, order_id, member_id, Status.RESERVED, Status.REDEEMED):
        return coupon
    demand_started(coupon.template, now)
    hand_over(coupon, member_id, now)
    clock = engine_now()
    until = clock + (RESERVATION_TTL if ttl is None else ttl)
    allowed = usable_by(order_id)
    if not coupon_move(coupon, Status.RESERVED, allowed, order_id=order_id, reserved_until=until):
        raise why_not(coupon, clock)
    coupon_note(coupon, events.RESERVED, now, order_id=order_id)
    return coupon


@in_transaction
def coupon_redeem(
    *, code: str, member_id: int, order_id: str, is_test: bool, now: dt.datetime
) -> Coupon:
    """Use a coupon for an order, reserved for it or not. Again for the same order changes nothing.

    Raises and locks what `coupon_reserve` does.
    """
    used = _redeem_in_hand(code, member_id, order_id, is_test, now)
    if used is not None:
        coupon_note(used, events.REDEEMED, now, order_id=order_id)
        return used
    coupon = code_lock(code, is_test=is_test)
    if _is_for(coupon, order_id, member_id, Status.REDEEMED):
        return coupon
    demand_started(coupon.template, now)
    hand_over(coupon, member_id, now)
    _redeem(coupon, order_id, now)
    return coupon


# What a shop nearly always asks: a coupon in the member's hand that may be used. Where this finds
# none, the steps of `coupon_redeem` say why, or hand one over that is nobody's. The condition is that
# of `usable_by`, and PostgreSQL looks at it again after waiting for whoever had the row.
_IN_HAND = """
UPDATE coupons_coupon coupon
SET status = 'redeemed', order_id = %(order_id)s, redeemed_at = %(now)s, reserved_until = NULL,
    held_until = NULL, moves = moves + 1
FROM coupons_template template{source}
WHERE coupon.id = (
    SELECT id FROM coupons_coupon WHERE is_test = %(is_test)s AND code IN (%(typed)s, %(lower)s)
    ORDER BY code <> %(typed)s LIMIT 1
  )
  AND coupon.member_id = {member} AND template.id = coupon.template_id
  AND (template.starts_at IS NULL OR template.starts_at <= %(now)s)
  AND {usable}
RETURNING coupon.id AS id, coupon.public_id, coupon.code, coupon.moves, coupon.reference,
          coupon.expires_at, template.id AS template_id, template.public_id AS template
"""
_USABLE = """(
    coupon.status = 'reserved' AND coupon.order_id = %(order_id)s
    OR (coupon.expires_at IS NULL OR coupon.expires_at > engine_now()) AND (
      coupon.status = 'issued' AND (coupon.held_until IS NULL OR coupon.held_until <= engine_now())
      OR coupon.status = 'reserved' AND coupon.reserved_until <= engine_now()
    )
  )"""


def _redeem_in_hand(
    code: str, member_id: int, order_id: str, is_test: bool, now: dt.datetime
) -> Coupon | None:
    """Redeem the member's own coupon in one conditional UPDATE; None when it may not be."""
    asked = {
        "typed": code.strip(),
        "lower": code.strip().lower(),
        "member_id": member_id,
        "order_id": order_id,
        "is_test": is_test,
        "now": now,
    }
    statement = _IN_HAND.format(usable=_USABLE, source="", member="%(member_id)s")
    rows = statements.run(statement, asked)
    if not rows:
        return None
    pk, public_id, typed, moves, reference, expires_at, template, template_id = rows[0]
    return Coupon(
        pk=pk,
        public_id=public_id,
        code=typed,
        moves=moves,
        reference=reference,
        expires_at=expires_at,
        template=Template(pk=template, public_id=template_id, is_test=is_test),
        member_id=member_id,
        order_id=order_id,
        is_test=is_test,
        status=Status.REDEEMED,
        redeemed_at=now,
    )


# The member by the shop's own id, when the key is good and the request the first under its own; the
# coupon, the event, and the reply as the door shows it.
_IN_HAND_AND_REPLY = """
WITH {asked}, holder AS (
  SELECT identity.member_id
  FROM asked JOIN members_serverkey key
    ON key.public_id = %(asked_credential)s AND key.revoked_at IS NULL AND key.scopes ? 'rewards',
    members_identity identity
  WHERE identity.is_test = %(is_test)s AND identity.kind = 'external_id'
    AND identity.namespace = '' AND identity.value = %(external_id)s
), used AS ({used}), {event}, {keep}
SELECT body FROM kept
"""
_PAYLOAD = """jsonb_build_object(
    'coupon', public_id, 'template', template, 'reference', reference,
    'order_id', %(order_id)s::text)"""
_REPLY = """jsonb_build_object(
    'id', public_id, 'code', code, 'status', 'redeemed', 'template', template,
    'order_id', %(order_id)s::text, 'reserved_until', NULL, 'redeemed_at', %(redeemed_at)s::text,
    'expires_at', to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))"""


_REDEEM_AND_REPLY = _IN_HAND_AND_REPLY.format(
    asked=ASKED,
    used=_IN_HAND.format(usable=_USABLE, source=", holder", member="holder.member_id"),
    event=EVENT.format(
        name="noted",
        kind=events.REDEEMED,
        key=f"'{events.REDEEMED}:' || public_id || ':' || moves",
        at="%(now)s",
        payload=_PAYLOAD,
        source="used",
    ),
    keep=KEEP.format(status=200, body=_REPLY, source="used"),
)


def coupon_redeem_and_reply(
    *, code: str, external_id: str, order_id: str, is_test: bool, now: dt.datetime, reply: Asked
) -> dict[str, Any] | None:
    """All that a request to redeem does, in one statement and one commit of its own.

    Where it is the first under its key and the coupon is in the member's hand and may be used: then
    the reply, as it is kept; else it does nothing and returns None. Locks the coupon.
    """
    asked = {
        "typed": code.strip(),
        "lower": code.strip().lower(),
        "external_id": external_id,
        "order_id": order_id,
        "is_test": is_test,
        "now": now,
        "redeemed_at": now.isoformat().replace("+00:00", "Z"),
        **reply.parameters(),
    }
    rows = statements.run(_REDEEM_AND_REPLY, asked)
    if not rows:
        return None
    nudges.nudge_processor()
    return dict(json.loads(rows[0][0]))


@in_transaction
def coupon_release(*, code: str, order_id: str, is_test: bool, now: dt.datetime) -> Coupon:
    """Give up an order's reservation: the coupon can be used again, or is expired by now.

    One that is not reserved stays as it is. Raises CouponUnknown, CouponReserved (for another
    order), CouponUsed. Locks the coupon.
    """
    coupon = code_lock(code, is_test=is_test)
    if coupon.status == Status.REDEEMED:
        raise CouponUsed()
    if coupon.status == Status.RESERVED:
        if coupon.order_id != order_id:
            raise CouponReserved()
        coupon_free(coupon, engine_now(), now)
    return coupon


@in_transaction
def coupons_capture_order(
    *, order_id: str, member_id: int, is_test: bool, now: dt.datetime
) -> list[Coupon]:
    """The order is paid: redeem what is reserved for it, also when the time is up.

    Locks these coupons by id.
    """
    captured = []
    for coupon in _lock_of_order(order_id, is_test, Status.RESERVED):
        if coupon.member_id == member_id:
            _redeem(coupon, order_id, now)
            captured.append(coupon)
    return captured


@in_transaction
def coupons_release_order(*, order_id: str, is_test: bool, now: dt.datetime) -> int:
    """Give up all that is reserved for an order; how many coupons. Locks them by id."""
    coupons = _lock_of_order(order_id, is_test, Status.RESERVED)
    clock = engine_now() if coupons else now
    for coupon in coupons:
        coupon_free(coupon, clock, now)
    return len(coupons)


@in_transaction
def coupons_return_order(*, order_id: str, is_test: bool, now: dt.datetime) -> int:
    """The order is fully refunded: what it redeemed can be used again if still valid; how many.

    What has run out meanwhile is returned and expires. Again finds nothing. Locks them by id.
    """
    coupons = _lock_of_order(order_id, is_test, Status.REDEEMED)
    clock = engine_now() if coupons else now
    for coupon in coupons:
        coupon_move(coupon, Status.ISSUED, Q(status=Status.REDEEMED))
        coupon_note(coupon, events.RETURNED, now, order_id=order_id)
        if coupon.expires_at and coupon.expires_at <= clock:
            coupon_expire(coupon, now)
    return len(coupons)


def coupon_free(coupon: Coupon, clock: dt.datetime, now: dt.datetime) -> None:
    """End the reservation of a locked coupon; it expires if its time came before `clock`."""
    coupon_move(coupon, Status.ISSUED, Q(status=Status.RESERVED))
    if coupon.expires_at and coupon.expires_at <= clock:
        coupon_expire(coupon, now)


def coupon_expire(coupon: Coupon, now: dt.datetime) -> None:
    """End a locked, issued coupon whose time has come."""
    if coupon_move(coupon, Status.EXPIRED, Q(status=Status.ISSUED)):
        coupon_note(coupon, events.EXPIRED, now)


def _is_for(coupon: Coupon, order_id: str, member_id: int, *statuses: Status) -> bool:
    """Whether this is a repeat. The order of another member is not."""
    if coupon.status not in statuses or coupon.order_id != order_id:
        return False
    if coupon.member_id != member_id:
        raise CouponOfSomebodyElse()
    return True


def _redeem(coupon: Coupon, order_id: str, now: dt.datetime) -> None:
    allowed = usable_by(order_id)
    if not coupon_move(coupon, Status.REDEEMED, allowed, order_id=order_id, redeemed_at=now):
        raise why_not(coupon, engine_now())
    coupon_note(coupon, events.REDEEMED, now, order_id=order_id)


def _lock_of_order(order_id: str, is_test: bool, status: Status) -> list[Coupon]:
    rows = Coupon.objects.filter(order_id=order_id, is_test=is_test, status=status)
    return rows.lock_in_order() if order_id else []

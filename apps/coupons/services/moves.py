"""Steps that several services share: locking a coupon, moving it on, noting it, handing it over."""

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from apps.core.clock import EngineNow
from apps.core.services import event_record
from apps.coupons.errors import (
    CouponExpired,
    CouponHeld,
    CouponMemberLimit,
    CouponNotStarted,
    CouponOfSomebodyElse,
    CouponPending,
    CouponReserved,
    CouponRevoked,
    CouponUnknown,
    CouponUsed,
    ModeMismatch,
)
from apps.coupons.models import Coupon, Template
from apps.coupons.rules import expiry, lowest_free
from apps.members.models import Member

Status = Coupon.Status

# How often to look for a free number again when somebody takes it at the same moment.
_TRIES = 5


def code_lock(code: str, *, is_test: bool) -> Coupon:
    """The coupon with this code as typed, locked, its template loaded. Raises CouponUnknown."""
    typed = code.strip()
    rows = Coupon.objects.filter(is_test=is_test, code__in={typed, typed.lower()}).lock_in_order()
    found = sorted(rows, key=lambda row: row.code != typed)
    if not found:
        raise CouponUnknown()
    return found[0]


def key_lock(key: str) -> Coupon:
    """The coupon made under this key, locked. Raises CouponUnknown."""
    rows = Coupon.objects.filter(key=key).lock_in_order()
    if not rows:
        raise CouponUnknown("No coupon was made under this key.")
    return rows[0]


def coupon_move(coupon: Coupon, to: Status, allowed: Q, **more: Any) -> bool:
    """Move a locked coupon on by one conditional UPDATE; False when the row does not allow it.

    Leaving a reservation or a redemption clears what belonged to it.
    """
    values = {"reserved_until": None, "redeemed_at": None, "held_until": None, **more}
    if to not in (Status.RESERVED, Status.REDEEMED):
        values["order_id"] = ""
    rows = Coupon.objects.filter(allowed, pk=coupon.pk)
    if rows.update(status=to, moves=F("moves") + 1, **values) != 1:
        return False
    coupon.status, coupon.moves = to, coupon.moves + 1
    for name, value in values.items():
        setattr(coupon, name, value)
    return True


def coupon_note(coupon: Coupon, kind: str, now: dt.datetime, *, order_id: str = "") -> None:
    """Record what just happened to a coupon; its count of moves makes the key new each time."""
    payload = {
        "coupon": coupon.public_id,
        "template": coupon.template.public_id,
        "reference": coupon.reference,
    }
    event_record(
        key=f"{kind}:{coupon.public_id}:{coupon.moves}",
        kind=kind,
        payload=payload | ({"order_id": order_id} if order_id else {}),
        occurred_at=now,
        is_test=coupon.is_test,
    )


def unexpired() -> Q:
    return Q(expires_at=None) | Q(expires_at__gt=EngineNow())


def usable_by(order_id: str) -> Q:
    """What lets an order reserve or redeem a coupon: free and unexpired, or reserved for it."""
    free = Q(status=Status.ISSUED) & (Q(held_until=None) | Q(held_until__lte=EngineNow()))
    given_up = Q(status=Status.RESERVED, reserved_until__lte=EngineNow())
    return Q(status=Status.RESERVED, order_id=order_id) | (free | given_up) & unexpired()


def why_not(coupon: Coupon, clock: dt.datetime) -> Exception:
    """Why a locked coupon cannot be used right now, as the error to raise."""
    by_status: dict[str, type[Exception]] = {
        Status.PENDING: CouponPending,
        Status.REDEEMED: CouponUsed,
        Status.EXPIRED: CouponExpired,
        Status.REVOKED: CouponRevoked,
    }
    if coupon.status in by_status:
        return by_status[coupon.status]()
    if coupon.reserved_until and coupon.reserved_until > clock:
        return CouponReserved()
    if coupon.expires_at and coupon.expires_at <= clock:
        return CouponExpired()
    return CouponHeld()


def demand_started(template: Template, now: dt.datetime) -> None:
    """Raises CouponNotStarted while the window of the template has not begun."""
    if template.starts_at and template.starts_at > now:
        raise CouponNotStarted()


def hand_over(coupon: Coupon, member_id: int, now: dt.datetime) -> bool:
    """Make a locked coupon the member's, if it is nobody's; True when it was.

    From then on its hours count. Raises CouponOfSomebodyElse, CouponMemberLimit, ModeMismatch.
    """
    if coupon.member_id == member_id:
        return False
    if coupon.member_id is not None:
        raise CouponOfSomebodyElse()
    demand_mode(coupon.template, member_id)
    template = coupon.template
    expires_at = expires_when(template, now)
    for _ in range(_TRIES):
        nth = next_nth(template, member_id)
        try:
            with transaction.atomic():
                Coupon.objects.filter(pk=coupon.pk).update(
                    member_id=member_id, nth=nth, expires_at=expires_at, issued_at=now
                )
        except IntegrityError:
            continue  # somebody gave the member this number at the same moment
        coupon.member_id, coupon.nth = member_id, nth
        coupon.expires_at, coupon.issued_at = expires_at, now
        return True
    raise CouponMemberLimit()


def expires_when(template: Template, now: dt.datetime) -> dt.datetime | None:
    """When a coupon that is issued now expires; None for never."""
    return expiry(
        now,
        valid_hours=template.valid_hours,
        starts_at=template.starts_at,
        ends_at=template.ends_at,
    )


def next_nth(template: Template, member_id: int) -> int:
    """The number of the member's next coupon. Raises CouponMemberLimit.

    Two who read the same number at once meet at UNIQUE (template, member, nth).
    """
    theirs = Coupon.objects.filter(template=template, member_id=member_id)
    nth = lowest_free([nth for nth in theirs.values_list("nth", flat=True) if nth is not None])
    if template.member_limit is not None and nth > template.member_limit:
        raise CouponMemberLimit()
    return nth


def demand_mode(template: Template, member_id: int) -> None:
    """Raises ModeMismatch when member and template are not both of live or both of test mode."""
    if not Member.objects.filter(pk=member_id, is_test=template.is_test).exists():
        raise ModeMismatch()

"""Coupons that people take themselves: members at once, guests by a token they bring after login."""

import datetime as dt
import hashlib
import uuid

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from apps.core.clock import engine_now
from apps.core.errors import Invalid
from apps.core.transactions import in_transaction
from apps.coupons import events
from apps.coupons.errors import (
    ClaimExpired,
    CouponHeld,
    CouponOfSomebodyElse,
    TemplateUnknown,
)
from apps.coupons.models import Claim, Coupon, Template
from apps.coupons.selectors import claim_by_token, coupons_by_code
from apps.coupons.services.minting import (
    coupon_issue,
    coupon_mint,
    coupon_uncount,
    template_running,
)
from apps.coupons.services.moves import (
    code_lock,
    coupon_move,
    coupon_note,
    hand_over,
    unexpired,
    why_not,
)

Status = Coupon.Status

# How long a coupon waits for its guest to log in.
CLAIM_TTL = dt.timedelta(hours=24)


@in_transaction
def template_claim(*, template: str, member_id: int, now: dt.datetime) -> Coupon:
    """A member takes a coupon of a public template.

    Raises TemplateUnknown (also for one that is not public) and what `coupon_issue` raises; locks
    what it locks.
    """
    _demand_public(template)
    key = f"claim:{uuid.uuid4().hex}"
    return coupon_issue(
        template=template, member_id=member_id, key=key, reference="claimed", now=now
    )


@in_transaction
def code_claim(*, code: str, member_id: int, is_test: bool, now: dt.datetime) -> Coupon:
    """A member takes a coupon by typing its code. One that is theirs already stays as it is.

    Raises CouponUnknown, CouponOfSomebodyElse, CouponMemberLimit, and why it cannot be used
    (expired, revoked, held). Locks the coupon.
    """
    coupon = code_lock(code, is_test=is_test)
    if coupon.member_id == member_id:
        return coupon
    if coupon.member_id is not None:
        raise CouponOfSomebodyElse()
    clock = engine_now()
    not_held = Q(held_until=None) | Q(held_until__lte=clock)
    if not coupon_move(coupon, Status.ISSUED, Q(status=Status.ISSUED) & not_held & unexpired()):
        raise why_not(coupon, clock)
    hand_over(coupon, member_id, now)
    coupon_note(coupon, events.ISSUED, now)
    return coupon


@in_transaction
def claim_hold(
    *, template: str = "", code: str = "", guest: str = "", is_test: bool | None = None
) -> Claim:
    """Hold a coupon for a guest for a day: one of a public template, or the one with a code.

    `guest` is whatever the page knows the guest by (a visit token); the same guest gets the same
    claim while it is open. With `is_test` None it may be of either mode, a live code first. Raises
    TemplateUnknown, CouponsExhausted, GuestClaimsFull, CouponUnknown,
    CouponHeld, and why the code cannot be used. Locks the coupon or the template's counters.
    """
    if bool(template) == bool(code):
        raise Invalid("Name a template or a code.", pointer="/template")
    known_by = hashlib.sha256(guest.encode()).hexdigest() if guest else ""
    if code:
        return _hold_code(code, known_by, _is_test(code) if is_test is None else is_test)
    _demand_public(template, is_test)
    row = template_running(template)
    try:
        with transaction.atomic():
            return _open_claim(row, known_by) or _hold_new(row, known_by)
    except IntegrityError:  # the same guest, at the same moment
        return Claim.objects.get(template=row, guest=known_by, status=Claim.Status.OPEN)


@in_transaction
def claim_take(*, token: str, member_id: int, now: dt.datetime) -> Coupon:
    """Give the member what was held for them as a guest. Again returns the same coupon.

    Raises ClaimTokenInvalid, ClaimExpired, CouponMemberLimit, ModeMismatch, CouponRevoked. Locks the
    coupon, the claim, the template's counters.
    """
    claim, coupon = _lock(claim_by_token(token).pk)
    if claim.status == Claim.Status.TAKEN and claim.member_id == member_id:
        return coupon
    clock = engine_now()
    if claim.status != Claim.Status.OPEN or claim.expires_at <= clock:
        raise ClaimExpired(pointer="/claim_token")
    was_minted = coupon.status == Status.PENDING
    ready = Q(status=Status.PENDING) | Q(status=Status.ISSUED) & unexpired()
    if not coupon_move(coupon, Status.ISSUED, ready):
        raise why_not(coupon, clock)
    hand_over(coupon, member_id, now)
    Claim.objects.filter(pk=claim.pk).update(status=Claim.Status.TAKEN, member_id=member_id)
    coupon_note(coupon, events.ISSUED, now)
    if was_minted:
        Template.objects.filter(pk=claim.template_id).update(guest_held=F("guest_held") - 1)
    return coupon


@in_transaction
def claim_expire(claim_id: int) -> int:
    """Give up a claim whose time is over; 1 when it was. Locks what `claim_take` does."""
    claim, coupon = _lock(claim_id)
    clock = engine_now()
    if claim.status != Claim.Status.OPEN or claim.expires_at > clock:
        return 0
    Claim.objects.filter(pk=claim.pk).update(status=Claim.Status.EXPIRED)
    if coupon.status == Status.PENDING:
        coupon_uncount(coupon, clock, from_guest=True)
    elif coupon.reference == _HELD:  # an operator revoked it meanwhile
        Template.objects.filter(pk=claim.template_id).update(guest_held=F("guest_held") - 1)
    return 1


_HELD = "claimed by a guest"


def _is_test(code: str) -> bool:
    """The mode of a code that came without one."""
    return not coupons_by_code([code], is_test=False)


def _demand_public(public_id: str, is_test: bool | None = None) -> None:
    rows = Template.objects.active().filter(public_id=public_id, is_public=True)
    if not (rows if is_test is None else rows.filter(is_test=is_test)).exists():
        raise TemplateUnknown("There is no such template that can be claimed.", pointer="/template")


def _lock(claim_id: int) -> tuple[Claim, Coupon]:
    """A claim and its coupon, locked: the coupon first, as everywhere."""
    coupons = Coupon.objects.filter(claims=claim_id).lock_in_order()
    claim = Claim.objects.select_for_update(of=("self",), no_key=True).get(pk=claim_id)
    return claim, coupons[0]


def _open_claim(template: Template, guest: str) -> Claim | None:
    if not guest:
        return None
    rows = Claim.objects.filter(template=template, guest=guest, status=Claim.Status.OPEN)
    return rows.filter(expires_at__gt=engine_now()).first()


def _hold_new(template: Template, guest: str) -> Claim:
    key = f"claim:{uuid.uuid4().hex}"
    coupon = Coupon(template=template, is_test=template.is_test, key=key, reference=_HELD)
    coupon_mint(template, coupon, for_guest=True)
    return Claim.objects.create(
        coupon=coupon, template=template, guest=guest, expires_at=engine_now() + CLAIM_TTL
    )


def _hold_code(code: str, guest: str, is_test: bool) -> Claim:
    coupon = code_lock(code, is_test=is_test)
    if coupon.member_id is not None:
        raise CouponOfSomebodyElse(pointer="/code")
    clock = engine_now()
    open_claim = Claim.objects.filter(coupon=coupon, status=Claim.Status.OPEN).first()
    if open_claim is not None and open_claim.expires_at > clock:
        if guest and open_claim.guest == guest:
            return open_claim
        raise CouponHeld(pointer="/code")
    if coupon.status != Status.ISSUED or (coupon.expires_at and coupon.expires_at <= clock):
        raise why_not(coupon, clock)
    if open_claim is not None:  # over, and the sweeper has not come by
        Claim.objects.filter(pk=open_claim.pk).update(status=Claim.Status.EXPIRED)
    until = clock + CLAIM_TTL
    Coupon.objects.filter(pk=coupon.pk).update(held_until=until)
    return Claim.objects.create(
        coupon=coupon, template=coupon.template, guest=guest, expires_at=until
    )

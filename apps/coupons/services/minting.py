"""Making coupons: promised, issued, taken back."""

import datetime as dt

from django.db.models import F, Q

from apps.core.transactions import in_transaction
from apps.coupons import events
from apps.coupons.errors import (
    CouponExpired,
    CouponKeyConflict,
    CouponMemberLimit,
    CouponRevoked,
    CouponsExhausted,
    CouponUnknown,
    CouponUsed,
    GuestClaimsFull,
    TemplateStopped,
    TemplateUnknown,
)
from apps.coupons.models import Coupon, PoolCode, Template
from apps.coupons.services.moves import (
    coupon_move,
    coupon_note,
    demand_mode,
    expires_when,
    key_lock,
    next_nth,
)

Status = Coupon.Status

_TRIES = 5
_NOT_USED = (Status.PENDING, Status.ISSUED, Status.RESERVED)


@in_transaction
def coupon_promise(
    *, template: str, member_id: int, key: str, reference: str, now: dt.datetime
) -> Coupon:
    """Mint a coupon of the template `tpl_…` that the member can use once it is activated.

    It takes a place of the template and of the member at once. The same key again returns the
    first. Raises TemplateUnknown, TemplateStopped and CouponsExhausted (one family),
    CouponMemberLimit, ModeMismatch, CouponKeyConflict; who goes on after a refusal calls it in a
    savepoint. Locks a pool code if the template has them, then the template's counters.
    """
    return _mint(template, member_id, key, reference, Status.PENDING, now)


@in_transaction
def coupon_issue(
    *, template: str, member_id: int, key: str, reference: str, now: dt.datetime
) -> Coupon:
    """Promise and activate in one. Raises and locks what `coupon_promise` does."""
    coupon = _mint(template, member_id, key, reference, Status.ISSUED, now)
    return _activate(coupon, now) if coupon.status == Status.PENDING else coupon


@in_transaction
def coupon_activate(*, key: str, now: dt.datetime) -> Coupon:
    """Give the member the coupon that was promised under `key`; its hours begin.

    Again changes nothing. Raises CouponUnknown, CouponRevoked. Locks the coupon.
    """
    coupon = key_lock(key)
    if coupon.status == Status.REVOKED:
        raise CouponRevoked()
    return _activate(coupon, now) if coupon.status == Status.PENDING else coupon


@in_transaction
def coupon_withdraw(*, key: str, now: dt.datetime) -> bool:
    """Take back the coupon made under `key`, unless it was used or expired; whether it is gone.

    Its places, of the template and of the member, are free again (the code of a pool is not: it may
    have been seen). Again answers the same. Raises CouponUnknown. Locks the coupon, then the
    template's counters.
    """
    coupon = key_lock(key)
    if coupon.status == Status.REVOKED:
        return True
    return coupon_uncount(coupon, now)


@in_transaction
def coupon_revoke(*, coupon_id: int, now: dt.datetime) -> Coupon:
    """An operator makes an unused coupon worthless. It keeps its places: nobody gets another for it.

    Raises CouponUnknown, and CouponExpired or CouponUsed when there is nothing left to revoke.
    Locks the coupon.
    """
    rows = Coupon.objects.filter(pk=coupon_id).lock_in_order()
    if not rows:
        raise CouponUnknown()
    coupon = rows[0]
    if coupon.status == Status.REVOKED:
        return coupon
    if not coupon_move(coupon, Status.REVOKED, Q(status__in=_NOT_USED)):
        raise _nothing_left(coupon)
    coupon_note(coupon, events.REVOKED, now)
    return coupon


def coupon_uncount(coupon: Coupon, now: dt.datetime, *, from_guest: bool = False) -> bool:
    """Revoke a locked, unused coupon and give its places back; False when it was used or expired."""
    gone = coupon_move(coupon, Status.REVOKED, Q(status__in=_NOT_USED), counted=False, nth=None)
    if gone:
        coupon_note(coupon, events.REVOKED, now)
        Template.objects.filter(pk=coupon.template_id).update(
            issued=F("issued") - 1, guest_held=F("guest_held") - int(from_guest)
        )
    return gone


def coupon_mint(template: Template, coupon: Coupon, *, for_guest: bool = False) -> None:
    """Write a new coupon with its code, and count it.

    Raises CouponsExhausted, GuestClaimsFull, CouponMemberLimit, CouponKeyConflict.
    """
    pool_code = _pool_code(template)
    if pool_code is not None:
        coupon.code = pool_code.code
    _insert(template, coupon)
    if pool_code is not None:
        PoolCode.objects.filter(pk=pool_code.pk).update(coupon=coupon)
    _count(template, for_guest=for_guest)


def places_take(template: Template, places: int) -> None:
    """Count coupons in by one conditional UPDATE. Raises CouponsExhausted. Locks the template."""
    room = Q(issue_cap=None) | Q(issue_cap__gte=F("issued") + places)
    rows = Template.objects.issuing().filter(room, pk=template.pk)
    if rows.update(issued=F("issued") + places) != 1:
        raise _no_place(template)


def template_running(public_id: str) -> Template:
    """The template, if coupons of it can be had now. Raises TemplateUnknown, TemplateStopped."""
    template = Template.objects.filter(public_id=public_id).first()
    if template is None:
        raise TemplateUnknown(pointer="/template")
    if template.applies == Template.Applies.AUTOMATIC:
        raise TemplateStopped("This one applies by itself; there are no coupons of it.")
    if not Template.objects.issuing().filter(pk=template.pk).exists():
        raise TemplateStopped()
    return template


def _mint(
    public_id: str, member_id: int, key: str, reference: str, status: Status, now: dt.datetime
) -> Coupon:
    if (first := _made_before(public_id, member_id, key)) is not None:
        return first
    template = template_running(public_id)
    demand_mode(template, member_id)
    coupon = Coupon(
        template=template,
        is_test=template.is_test,
        member_id=member_id,
        key=key,
        reference=reference,
        status=status,
    )
    if status == Status.ISSUED:
        coupon.moves, coupon.issued_at = 1, now
        coupon.expires_at = expires_when(template, now)
    try:
        coupon_mint(template, coupon)
    except CouponKeyConflict:  # made by somebody at the same moment, who has committed by now
        if (first := _made_before(public_id, member_id, key)) is not None:
            return first
        raise
    if status == Status.ISSUED:
        coupon_note(coupon, events.ISSUED, now)
    return coupon


def _made_before(public_id: str, member_id: int, key: str) -> Coupon | None:
    coupon = Coupon.objects.filter(key=key).select_related("template").first()
    if coupon and (coupon.template.public_id, coupon.member_id) != (public_id, member_id):
        raise CouponKeyConflict()
    return coupon


def _activate(coupon: Coupon, now: dt.datetime) -> Coupon:
    moved = coupon_move(
        coupon,
        Status.ISSUED,
        Q(status=Status.PENDING),
        issued_at=now,
        expires_at=expires_when(coupon.template, now),
    )
    assert moved, "it is pending and locked"
    coupon_note(coupon, events.ISSUED, now)
    return coupon


def _pool_code(template: Template) -> PoolCode | None:
    """A code of the template's pool that nobody else is taking; None for a template without one.

    Raises CouponsExhausted when none is left, counting those that others are taking just now.
    """
    if template.code_source != Template.CodeSource.POOL:
        return None
    left = PoolCode.objects.filter(template=template, coupon=None).order_by("pk")
    code = left.select_for_update(skip_locked=True, of=("self",), no_key=True).first()
    if code is None:
        raise CouponsExhausted("There are no codes left in the pool.")
    return code


def _insert(template: Template, coupon: Coupon) -> None:
    """Insert with the member's next number; whoever takes it at the same moment makes us look again."""
    for _ in range(_TRIES):
        if coupon.member_id is not None:
            coupon.nth = next_nth(template, coupon.member_id)
        Coupon.objects.bulk_create([coupon], ignore_conflicts=True)
        written = Coupon.objects.filter(public_id=coupon.public_id).values_list("pk", flat=True)
        if (pk := written.first()) is not None:
            coupon.pk = pk
            return
        coupon.pk = None
        if Coupon.objects.filter(key=coupon.key).exists():
            raise CouponKeyConflict()
    raise CouponMemberLimit()


def _count(template: Template, *, for_guest: bool) -> None:
    if not for_guest:
        places_take(template, 1)
        return
    room = Q(issue_cap=None) | Q(issue_cap__gt=F("issued"))
    rows = Template.objects.issuing().filter(room, pk=template.pk, guest_held__lt=F("guest_limit"))
    if rows.update(issued=F("issued") + 1, guest_held=F("guest_held") + 1) != 1:
        raise GuestClaimsFull() if _has_place(template) else _no_place(template)


def _has_place(template: Template) -> bool:
    room = Q(issue_cap=None) | Q(issue_cap__gt=F("issued"))
    return Template.objects.issuing().filter(room, pk=template.pk).exists()


def _no_place(template: Template) -> CouponsExhausted:
    running = Template.objects.issuing().filter(pk=template.pk).exists()
    return CouponsExhausted() if running else TemplateStopped()


def _nothing_left(coupon: Coupon) -> Exception:
    return CouponUsed() if coupon.status == Status.REDEEMED else CouponExpired()

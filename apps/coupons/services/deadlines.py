"""What is due: coupons that run out, reservations and claims whose time is over."""

from collections.abc import Callable

from django.db import transaction
from django.db.models import F

from apps.core.clock import EngineNow, engine_now
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import retrying
from apps.coupons import events
from apps.coupons.models import Claim, Coupon, CouponQuerySet
from apps.coupons.services.claims import claim_expire
from apps.coupons.services.moves import coupon_note
from apps.coupons.services.spending import coupon_free

Status = Coupon.Status

# Coupons ended in one transaction.
STEP = 500


def coupons_expire() -> int:
    """Expire the coupons whose time has come; how many. Passes over those locked just now."""
    return _in_steps(_expire_some)


def reservations_expire() -> int:
    """Free the coupons whose reservation is over; how many. Passes over those locked just now."""
    return _in_steps(_free_some)


def claims_expire() -> int:
    """Give up what guests did not fetch in time; how many claims."""
    due = Claim.objects.filter(status=Claim.Status.OPEN, expires_at__lte=EngineNow())
    rows = due.order_by("expires_at", "pk").values_list("pk", flat=True)[:BATCH]
    return each_due(rows, claim_expire)


def _in_steps(step: Callable[[], int]) -> int:
    done = 0
    while done < BATCH and (count := retrying(step)):
        done += count
    return done


@transaction.atomic
def _expire_some() -> int:
    coupons = _lock_some(
        Coupon.objects.filter(status=Status.ISSUED, expires_at__lte=EngineNow()), "expires_at"
    )
    Coupon.objects.filter(pk__in=[row.pk for row in coupons]).update(
        status=Status.EXPIRED, moves=F("moves") + 1, held_until=None
    )
    clock = engine_now()
    for coupon in coupons:
        if coupon.member_id is not None:  # that nobody's code ran out is nothing to tell
            coupon.moves += 1
            coupon_note(coupon, events.EXPIRED, clock)
    return len(coupons)


@transaction.atomic
def _free_some() -> int:
    coupons = _lock_some(
        Coupon.objects.filter(status=Status.RESERVED, reserved_until__lte=EngineNow()),
        "reserved_until",
    )
    clock = engine_now()
    for coupon in coupons:
        coupon_free(coupon, clock, clock)
    return len(coupons)


def _lock_some(due: CouponQuerySet, deadline: str) -> list[Coupon]:
    """Lock the first that are due. Without waiting, so their order cannot deadlock."""
    rows = due.select_related("template").order_by(deadline, "pk")
    return list(rows.select_for_update(skip_locked=True, of=("self",), no_key=True)[:STEP])

"""A member's wallet as a whole: points, what is on hold until when, coupons, tier, what is owed."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import F, Sum

from apps.coupons.models import Coupon
from apps.coupons.selectors import coupons_in_state
from apps.obligations.selectors import Balance, balances
from apps.points.selectors import ExpiringLot, Wallet, wallet_in_full
from apps.rewards.models import Grant
from apps.tiers.selectors import TierView, tier_view

# A wallet names so many holds and coupons; their own doors list the rest.
SHOWN = 20


@dataclass(frozen=True)
class Hold:
    """Awards of one kind whose hold ends at one moment; None while an order waits to be fulfilled."""

    kind: str
    amount: int
    until: dt.datetime | None


@dataclass(frozen=True)
class WholeWallet:
    """Everything a member has or waits for. The soonest holds, expiring lots and coupons come first."""

    wallet: Wallet
    worth_minor: int
    currency: str
    expiring: list[ExpiringLot]
    holds: list[Hold]
    coupons_usable: int
    coupons: list[Coupon]
    tier: TierView
    owed: list[Balance]


def whole_wallet(member_id: int, *, is_test: bool) -> WholeWallet:
    """What a member has, is waiting for and stands at. Reads only."""
    points = wallet_in_full(member_id, is_test=is_test)
    coupons = coupons_in_state(member_id, "usable")
    return WholeWallet(
        wallet=points.wallet,
        worth_minor=points.worth_minor,
        currency=points.currency,
        expiring=points.expiring,
        holds=holds_of(member_id),
        coupons_usable=coupons.count(),
        coupons=list(coupons.order_by(F("expires_at").asc(nulls_last=True), "pk")[:SHOWN]),
        tier=tier_view(member_id, is_test=is_test),
        owed=balances(member_id),
    )


def holds_of(member_id: int) -> list[Hold]:
    """What a member is promised, by kind and the moment its hold ends, the soonest first."""
    rows = (
        Grant.objects.filter(member_id=member_id, status=Grant.Status.PENDING)
        .values("kind", "settle_at")
        .annotate(total=Sum(F("amount") - F("taken_back")))
        .order_by(F("settle_at").asc(nulls_last=True), "kind")
    )
    return [Hold(row["kind"], row["total"], row["settle_at"]) for row in rows[:SHOWN]]

"""Coupons: minted pending, usable once settled; lost when they were redeemed."""

import contextlib
import datetime as dt

from apps.coupons.errors import CouponMemberLimit, CouponRevoked, CouponsExhausted
from apps.coupons.services import coupon_activate, coupon_promise, coupon_withdraw
from apps.points.services import Purse
from apps.rewards.models import Grant
from apps.rewards.services.instruments.base import Exhausted, Taken


class Coupons:
    def promise(self, grant: Grant, at: dt.datetime, purse: Purse | None) -> None:
        try:
            coupon_promise(
                template=grant.what,
                member_id=grant.member_id,
                key=_key(grant),
                reference=grant.public_id,
                now=at,
            )
        except (CouponsExhausted, CouponMemberLimit) as error:
            raise Exhausted from error

    def settle(self, grant: Grant, at: dt.datetime) -> None:
        with contextlib.suppress(CouponRevoked):  # an operator was faster; its budget is free again
            coupon_activate(key=_key(grant), now=at)

    def take_back(
        self, grant: Grant, amount: int, cause: str, at: dt.datetime, purse: Purse | None
    ) -> Taken:
        return Taken() if coupon_withdraw(key=_key(grant), now=at) else Taken(lost=amount)


def _key(grant: Grant) -> str:
    return f"grant:{grant.public_id}"

"""What a basket costs a member: the best coupons, then how many points could pay for the rest."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from apps.coupons.rules import Basket, Quote, price_basket
from apps.coupons.selectors import automatic_candidates, coupon_candidates
from apps.points.selectors import Usable, points_usable


@dataclass(frozen=True)
class MemberQuote:
    """A priced basket; `points` are what the member could spend on it, None for a guest."""

    quote: Quote
    points: Usable | None


def basket_quote(
    *,
    basket: Basket,
    member_id: int | None,
    codes: Iterable[str] | None,
    is_test: bool,
    now: dt.datetime,
) -> MemberQuote:
    """Price a basket with what applies itself and the best of the coupons; changes nothing.

    The coupons are the named codes, or else all that the member has in hand. Points are counted on
    what is to be paid for the goods after the coupons, without shipping.
    """
    quote = price_basket(
        basket,
        coupon_candidates(member_id=member_id, codes=codes, is_test=is_test, now=now),
        automatic_candidates(is_test=is_test),
    )
    if member_id is None:
        return MemberQuote(quote, None)
    points = points_usable(
        member_id=member_id,
        order_minor=quote.goods_minor,
        currency=basket.currency,
        is_test=is_test,
    )
    return MemberQuote(quote, points)

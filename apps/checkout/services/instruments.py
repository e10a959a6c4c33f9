"""What becomes of the points and coupons of an order."""

import datetime as dt

from apps.coupons.services import coupons_release_order, coupons_return_order
from apps.orders.models import Order
from apps.points.services import points_release_order, points_return_order


def instruments_release(*, order_id: str, is_test: bool, now: dt.datetime) -> None:
    """Let go what is reserved for an order that was not paid. Locks coupons, accounts."""
    coupons_release_order(order_id=order_id, is_test=is_test, now=now)
    points_release_order(order_id=order_id, is_test=is_test, now=now)


def instruments_return(*, order: Order, now: dt.datetime) -> None:
    """Give back what a refunded order was paid with: its share of points, and coupons at the end.

    By the order's present state, so parts end like the whole. Locks coupons, accounts.
    """
    if order.kept_minor == 0:
        coupons_return_order(order_id=order.order_id, is_test=order.is_test, now=now)
    points_return_order(
        order_id=order.order_id,
        is_test=order.is_test,
        refunded_minor=order.refunded_minor,
        paid_minor=order.paid_minor,
        now=now,
    )

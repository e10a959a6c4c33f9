"""Money that goes back: refunds the shop reports, cancelled orders, refund orders it has paid."""

import datetime as dt

from apps.checkout.services.instruments import instruments_release, instruments_return
from apps.core.transactions import in_transaction
from apps.groupbuy.models import RefundOrder
from apps.groupbuy.services import (
    refund_order_confirm,
    refund_order_lock,
    refund_orders_reduce,
    seats_refunded,
    seats_release_order,
)
from apps.orders.models import Order, Refund
from apps.orders.rules import RefundAsk
from apps.orders.services import order_lock, refund_record

# Unlike any id a shop would choose for a refund of its own.
CANCELLED = "engine:cancel"
CONFIRMED = "engine:"  # and the refund order


@in_transaction
def refund_report(
    *,
    order_id: str,
    refund_id: str,
    ask: RefundAsk,
    occurred_at: dt.datetime,
    is_test: bool = False,
) -> Refund:
    """Record a refund, once, free the seats whose lines it empties, return points and coupons.

    What the engine asked for and the shop now refunded by itself is no longer asked for. Before its
    order it waits for it. Raises RefundConflict, RefundExceedsPaid, LineUnknown. Locks order, rooms,
    seats, stock, refund orders, coupons, accounts.
    """
    refund, emptied = refund_record(
        order_id=order_id, refund_id=refund_id, ask=ask, occurred_at=occurred_at, is_test=is_test
    )
    if refund.order is not None:
        seats_refunded(order=refund.order, emptied=emptied)
        instruments_return(order=refund.order, now=occurred_at)
    return refund


@in_transaction
def order_cancel(*, order_id: str, is_test: bool, now: dt.datetime) -> Refund:
    """Release what is held for an unpaid order; refund a paid one in full. Again changes nothing.

    If the payment is reported later all the same, it is refunded in full at once. Locks as
    `refund_report`.
    """
    order_lock(order_id=order_id, is_test=is_test)
    seats_release_order(order_id=order_id, is_test=is_test)
    instruments_release(order_id=order_id, is_test=is_test, now=now)
    return refund_report(
        order_id=order_id,
        refund_id=CANCELLED,
        ask=RefundAsk(),
        occurred_at=now,
        is_test=is_test,
    )


@in_transaction
def refund_order_paid(*, public_id: str, is_test: bool, now: dt.datetime) -> RefundOrder:
    """The shop has paid a refund order back: confirming it is the refund. Again changes nothing.

    Takes what it asks for at this moment: the shop's own refunds of the line were taken off it.
    Raises RefundOrderUnknown. Locks order, the refund order, rooms, seats, stock.
    """
    named = Order.objects.filter(lines__refund_order__public_id=public_id, is_test=is_test)
    order_id = named.values_list("order_id", flat=True).first()
    order = order_lock(order_id=order_id, is_test=is_test) if order_id is not None else None
    if order is not None:
        refund_orders_reduce(order=order)
    refund_order = refund_order_lock(public_id=public_id, is_test=is_test)
    if refund_order_confirm(refund_order=refund_order):
        refund_report(
            order_id=refund_order.line.order.order_id,
            refund_id=f"{CONFIRMED}{public_id}",
            ask=RefundAsk(lines=((refund_order.line.line_id, refund_order.amount_minor),)),
            occurred_at=now,
            is_test=is_test,
        )
    refund_order.refresh_from_db()
    return refund_order

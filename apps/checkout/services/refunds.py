"""Money that goes back: refunds the shop reports, cancelled orders, refund orders it has paid."""

import datetime as dt

from apps.checkout.services.instruments import instruments_release, instruments_return
from apps.core.transactions import in_transaction
from apps.groupbuy.models import RefundOrder
from apps.groupbuy.services import (
    refund_order_confirm,
    refund_order_lock,
    seats_refunded,
    seats_release_order,
)
from apps.orders.models import OrderLine, Refund
from apps.orders.rules import RefundAsk
from apps.orders.services import order_lock, refund_record

# Unlike any id a shop would choose for a refund of its own.
CANCELLED = "engine:cancel"


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

    Before its order it waits for it. Raises RefundConflict, RefundExceedsPaid, LineUnknown. Locks
    order, rooms, seats, stock, coupons, accounts.
    """
    refund, emptied = refund_record(
        order_id=order_id, refund_id=refund_id, ask=ask, occurred_at=occurred_at, is_test=is_test
    )
    seats_refunded(lines=emptied)
    if refund.order is not None:
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

    Takes at most what is left of the line. Raises RefundOrderUnknown. Locks order, rooms, seats,
    stock, the refund order.
    """
    line = (
        OrderLine.objects.select_related("order").filter(refund_order__public_id=public_id).first()
    )
    if line is not None:
        order_lock(order_id=line.order.order_id, is_test=is_test)
    refund_order = refund_order_lock(public_id=public_id, is_test=is_test)
    if refund_order.status == RefundOrder.Status.CONFIRMED:
        return refund_order
    line = refund_order.line
    amount = min(refund_order.amount_minor, line.kept_minor, line.order.kept_minor)
    if amount:
        refund_report(
            order_id=line.order.order_id,
            refund_id=f"engine:{public_id}",
            ask=RefundAsk(lines=((line.line_id, amount),)),
            occurred_at=now,
            is_test=is_test,
        )
    refund_order_confirm(refund_order=refund_order)
    refund_order.refresh_from_db()
    return refund_order

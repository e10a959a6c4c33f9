"""Refund orders: the engine asks, the shop pays back and confirms."""

import datetime as dt
from collections.abc import Iterable

from apps.core.clock import engine_now
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.groupbuy import events
from apps.groupbuy.errors import RefundOrderResolved, RefundOrderUnknown
from apps.groupbuy.models import RefundOrder, Seat
from apps.orders.models import OrderLine

Status = RefundOrder.Status


def refund_orders_request(seats: Iterable[Seat], why: str, clock: dt.datetime) -> None:
    """Ask the shop for what was paid for these seats and not yet refunded, one order each."""
    for seat in seats:
        if seat.line is not None:
            refund_order_request(seat, seat.line, why, clock)


def refund_order_request(
    seat: Seat, line: OrderLine, why: str, clock: dt.datetime, *, at_most: int | None = None
) -> RefundOrder | None:
    """Ask the shop to pay back a line, or `at_most` so much of it; None when nothing of it is left.

    One per line, ever.
    """
    amount = min(line.kept_minor, line.order.kept_minor)
    if at_most is not None:
        amount = min(amount, at_most)
    if amount == 0:
        return None
    refund_order = RefundOrder.objects.create(
        line=line, seat=seat, amount_minor=amount, currency=line.order.currency, why=why
    )
    event_record(
        key=f"{events.REFUND_REQUESTED}:{refund_order.public_id}",
        kind=events.REFUND_REQUESTED,
        payload={
            "refund_order": refund_order.public_id,
            "order_id": line.order.order_id,
            "line_id": line.line_id,
            "amount_minor": amount,
            "currency": refund_order.currency,
            "room": seat.room.public_id,
            "seat": seat.public_id,
            "reason": why,
        },
        occurred_at=clock,
        is_test=line.order.is_test,
    )
    return refund_order


@in_transaction
def refund_order_lock(*, public_id: str, is_test: bool) -> RefundOrder:
    """Lock a refund order with its line and order loaded. Raises RefundOrderUnknown."""
    refund_order = (
        RefundOrder.objects.select_for_update(of=("self",), no_key=True)
        .select_related("line__order", "seat__room")
        .filter(public_id=public_id, line__order__is_test=is_test)
        .first()
    )
    if refund_order is None:
        raise RefundOrderUnknown()
    return refund_order


@in_transaction
def refund_order_confirm(*, refund_order: RefundOrder) -> bool:
    """Mark a refund order as paid back; False when it already was. Resolves once.

    Also a failed one may be confirmed: the shop found another way. Locks the refund order.
    """
    clock = engine_now()
    changed = RefundOrder.objects.filter(
        pk=refund_order.pk, status__in=(Status.REQUESTED, Status.FAILED)
    ).update(status=Status.CONFIRMED, resolved_at=clock, failure="")
    if changed:
        _report(events.REFUND_CONFIRMED, refund_order, clock)
    return changed == 1


@in_transaction
def refund_order_fail(*, public_id: str, is_test: bool, reason: str) -> RefundOrder:
    """Note that the shop could not pay back; an operator sees it among the outstanding ones.

    Raises RefundOrderUnknown, RefundOrderResolved. Locks the refund order.
    """
    refund_order = refund_order_lock(public_id=public_id, is_test=is_test)
    if refund_order.status == Status.CONFIRMED:
        raise RefundOrderResolved()
    if refund_order.status == Status.REQUESTED:
        refund_order.status = Status.FAILED
        refund_order.failure = reason
        refund_order.save(update_fields=["status", "failure"])
        _report(events.REFUND_FAILED, refund_order, engine_now())
    return refund_order


def _report(kind: str, refund_order: RefundOrder, clock: dt.datetime) -> None:
    order = refund_order.line.order
    event_record(
        key=f"{kind}:{refund_order.public_id}",
        kind=kind,
        payload={
            "refund_order": refund_order.public_id,
            "order_id": order.order_id,
            "line_id": refund_order.line.line_id,
            "amount_minor": refund_order.amount_minor,
        },
        occurred_at=clock,
        is_test=order.is_test,
    )

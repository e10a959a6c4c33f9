"""Refund orders: the engine asks, the shop pays back and confirms.

Whoever changes an amount or confirms has the lock of the order first. A failure and a reminder lock
the refund order alone, and nothing after it.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Sum

from apps.core import statements
from apps.core.clock import engine_now
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.groupbuy import events
from apps.groupbuy.errors import RefundOrderResolved, RefundOrderUnknown
from apps.groupbuy.models import RefundOrder, Seat
from apps.groupbuy.refund_rules import pause_after, still_owed
from apps.orders.models import Order, OrderLine

Status = RefundOrder.Status

# Also a failed one: the shop found another way.
CONFIRMABLE = RefundOrder.OUTSTANDING

# The kind of advisory lock that `asks_lock` takes; all others are of the kind with one number.
_ASKS = 1

# What becomes of a refund order that nobody waits for any more.
_UNASKED: dict[str, Any] = {"ask_again_at": None, "parked_at": None}


def refund_orders_request(seats: Iterable[Seat], why: str, clock: dt.datetime) -> None:
    """Ask the shop for what was paid for these seats and not yet refunded, one order each."""
    paid = [(seat, seat.line) for seat in seats if seat.line is not None]
    for seat, line in sorted(paid, key=lambda one: one[1].order_id):  # as they are locked
        refund_order_request(seat, line, why, clock)


def refund_order_request(
    seat: Seat, line: OrderLine, why: str, clock: dt.datetime, *, at_most: int | None = None
) -> RefundOrder | None:
    """Ask the shop to pay back a line, or `at_most` so much of it; None when nothing of it is left.

    One per line, ever. When other refund orders ask for all that the order has left, it is resolved
    at once. The caller read the line under the lock of its order or of the room of its paid seat.
    Locks the order's asks (`asks_lock`) where it was refunded in part.
    """
    kept = min(line.kept_minor, line.order.kept_minor)
    if at_most is not None:
        kept = min(kept, at_most)
    if kept == 0:
        return None
    owed = min(kept, _unasked_minor(line.order))
    refund_order = RefundOrder(
        line=line,
        seat=seat,
        amount_minor=owed,
        reduced_minor=kept - owed,
        currency=line.order.currency,
        why=why,
        requested_at=clock,
    )
    if owed:
        refund_order.ask_again_at = clock + pause_after(0)
    else:
        refund_order.status, refund_order.resolved_at = Status.CONFIRMED, clock
    refund_order.save(force_insert=True)
    refund_order_tell(
        events.REFUND_REQUESTED if owed else events.REFUND_CONFIRMED, refund_order, clock
    )
    return refund_order


def _unasked_minor(order: Order) -> int:
    """What the order has left beyond what its refund orders ask for already."""
    if not order.refunded_minor:  # its lines add up to no more than it has
        return order.kept_minor
    asks_lock(order)
    asked = RefundOrder.objects.outstanding().filter(line__order=order)
    return max(0, order.kept_minor - (asked.aggregate(total=Sum("amount_minor"))["total"] or 0))


def asks_lock(order: Order) -> None:
    """Let whoever asks for money of this order take turns, until their transaction ends.

    Two rooms of one order may fail at once, under their own locks alone. An advisory lock of its own
    kind, taken after the order's and the rooms'.
    """
    statements.run("SELECT pg_advisory_xact_lock(%s, %s)", [_ASKS, order.pk % 2**31])


@in_transaction
def refund_orders_reduce(*, order: Order) -> None:
    """The shop refunded something of this order by itself: ask for no more than it still keeps.

    A refund order of which nothing is left resolves. The caller has the order's lock and, when it
    just recorded a refund, those of the rooms of its paid seats: one that fails at this moment asks
    for what it read before. Locks the refund orders.
    """
    asked = list(
        _locked().filter(line__order=order, status__in=RefundOrder.OUTSTANDING).order_by("pk")
    )
    owed = still_owed(order.kept_minor, [(row.amount_minor, row.line.kept_minor) for row in asked])
    for refund_order, amount in zip(asked, owed, strict=True):
        if amount < refund_order.amount_minor:
            _reduce(refund_order, amount, engine_now())


def _reduce(refund_order: RefundOrder, amount: int, clock: dt.datetime) -> None:
    refund_order.reduced_minor += refund_order.amount_minor - amount
    refund_order.amount_minor = amount
    changed: dict[str, Any] = {"reduced_minor": refund_order.reduced_minor, "amount_minor": amount}
    if amount == 0:
        changed |= {"status": Status.CONFIRMED, "resolved_at": clock, "failure": "", **_UNASKED}
    RefundOrder.objects.filter(pk=refund_order.pk, status__in=RefundOrder.OUTSTANDING).update(
        **changed
    )
    refund_order_tell(events.REFUND_REDUCED, refund_order, clock, amount)
    if amount == 0:
        refund_order_tell(events.REFUND_CONFIRMED, refund_order, clock)


def _locked() -> Any:
    return RefundOrder.objects.select_for_update(of=("self",), no_key=True).select_related(
        "line__order", "seat__room"
    )


@in_transaction
def refund_order_lock(*, public_id: str, is_test: bool) -> RefundOrder:
    """Lock a refund order with its line and order loaded. Raises RefundOrderUnknown."""
    found: RefundOrder | None = (
        _locked().filter(public_id=public_id, line__order__is_test=is_test).first()
    )
    if found is None:
        raise RefundOrderUnknown()
    return found


@in_transaction
def refund_order_confirm(*, refund_order: RefundOrder) -> bool:
    """Mark a refund order as paid back; False when it already was. Locks the refund order."""
    clock = engine_now()
    changed = RefundOrder.objects.filter(pk=refund_order.pk, status__in=CONFIRMABLE).update(
        status=Status.CONFIRMED, resolved_at=clock, failure="", **_UNASKED
    )
    if changed:
        refund_order_tell(events.REFUND_CONFIRMED, refund_order, clock)
    return changed == 1


@in_transaction
def refund_order_fail(*, public_id: str, is_test: bool, reason: str) -> RefundOrder:
    """Note that the shop could not pay back; an operator sees it among the outstanding ones.

    Nobody is reminded of it any more. Failed already, it keeps its first reason. Raises
    RefundOrderUnknown, RefundOrderResolved. Locks the refund order.
    """
    refund_order = refund_order_lock(public_id=public_id, is_test=is_test)
    if refund_order.status == Status.CONFIRMED:
        raise RefundOrderResolved()
    changed = RefundOrder.objects.filter(pk=refund_order.pk, status=Status.REQUESTED).update(
        status=Status.FAILED, failure=reason, **_UNASKED
    )
    if changed:
        refund_order.refresh_from_db(fields=["status", "failure", *_UNASKED])
        refund_order_tell(events.REFUND_FAILED, refund_order, engine_now(), refund_order.asks)
    return refund_order


def refund_order_tell(
    kind: str, refund_order: RefundOrder, clock: dt.datetime, nth: int | None = None
) -> None:
    """Record what happened to a refund order. What may happen again is told apart by `nth`."""
    order, seat = refund_order.line.order, refund_order.seat
    payload: dict[str, Any] = {
        "refund_order": refund_order.public_id,
        "order_id": order.order_id,
        "line_id": refund_order.line.line_id,
        "amount_minor": refund_order.amount_minor,
        "asked_minor": refund_order.asked_minor,
        "currency": refund_order.currency,
        "room": seat.room.public_id,
        "seat": seat.public_id,
        "reason": refund_order.why,
        "attempt": refund_order.asks,
    }
    if kind == events.REFUND_FAILED:
        payload["failure"] = refund_order.failure
    event_record(
        key=_event_key(kind, refund_order, nth),
        kind=kind,
        payload=payload,
        occurred_at=clock,
        is_test=order.is_test,
    )


def _event_key(kind: str, refund_order: RefundOrder, nth: int | None) -> str:
    """The key under which `kind` happens to a refund order once, or once per `nth`."""
    return f"{kind}:{refund_order.public_id}" + (f":{nth}" if nth is not None else "")

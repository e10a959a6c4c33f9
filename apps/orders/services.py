"""Recording what the shop reports, each report once and in any order of arrival."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection
from django.db.models import Max

from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.fingerprints import fingerprint
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.members.models import Member
from apps.orders import events
from apps.orders.models import Order, OrderLine, Refund
from apps.orders.rules import RefundAsk, RefundTooLarge, spread_refund


class OrderConflict(Conflict):
    code = "order_conflict"
    message = "This order was already reported, with other contents."


class OrderUnknown(NotFound):
    code = "order_unknown"
    message = "There is no order with this id."


class RefundConflict(Conflict):
    code = "refund_conflict"
    message = "This refund was already reported, with other contents."


class RefundExceedsPaid(Conflict):
    code = "refund_exceeds_paid"


class LineUnknown(Invalid):
    code = "line_unknown"


@dataclass(frozen=True)
class LineReport:
    line_id: str
    sku: str
    quantity: int
    amount_minor: int
    tags: tuple[str, ...] = ()
    seat: str = ""
    margin_minor: int | None = None


@dataclass(frozen=True)
class OrderReport:
    """A paid order as the shop reports it, by the shop's own `order_id`; minor units."""

    order_id: str
    member_id: int
    currency: str
    paid_minor: int
    occurred_at: dt.datetime
    lines: tuple[LineReport, ...]
    is_test: bool = False


@in_transaction
def order_lock(*, order_id: str, is_test: bool) -> Order | None:
    """Serialise everything about one shop order, whether it is known yet or not.

    A transaction-level advisory lock: a refund may come before its order, when there is no row to
    lock. It is the first lock of every transaction that takes it. Then locks the order's row.
    """
    name = hashlib.sha256(f"order\0{is_test}\0{order_id}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(name[:8], "big", signed=True)]
        )
    return (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .filter(order_id=order_id, is_test=is_test)
        .first()
    )


@in_transaction
def order_record(*, report: OrderReport) -> tuple[Order, bool]:
    """Record a paid order with its lines; (order, whether this is the first report).

    The same report again returns the order. `nth` is fixed here. Raises OrderConflict when the order
    was reported with other contents. Locks the order id, then the member.
    """
    known = order_lock(order_id=report.order_id, is_test=report.is_test)
    contents = fingerprint(_contents(report))
    if known is not None:
        if known.fingerprint != contents:
            raise OrderConflict()
        return known, False
    order = Order.objects.create(
        order_id=report.order_id,
        is_test=report.is_test,
        member_id=report.member_id,
        nth=_next_nth(report.member_id),
        currency=report.currency,
        paid_minor=report.paid_minor,
        occurred_at=report.occurred_at,
        fingerprint=contents,
    )
    OrderLine.objects.bulk_create(
        OrderLine(order=order, **{**asdict(line), "tags": list(line.tags)}) for line in report.lines
    )
    event_record(
        key=event_key(events.PAID, order),
        kind=events.PAID,
        payload={"order_id": order.order_id, "nth": order.nth},
        occurred_at=order.occurred_at,
        is_test=order.is_test,
    )
    return order, True


def _contents(report: OrderReport) -> dict[str, Any]:
    """What makes two reports the same.

    A line without a margin reads as all did before there were any: what was reported then may be
    reported again.
    """
    lines = [asdict(line) for line in report.lines]
    for line in lines:
        if line["margin_minor"] is None:
            del line["margin_minor"]
    return {**asdict(report), "occurred_at": report.occurred_at.isoformat(), "lines": lines}


def event_key(kind: str, order: Order, *more: str) -> str:
    """The key of a fact about an order. Hashed: the shop's ids may be longer than a key."""
    return f"{kind}:{fingerprint([order.is_test, order.order_id, *more])[:32]}"


def _next_nth(member_id: int) -> int:
    # The member's row makes two first orders at once take turns; UNIQUE (member, nth) holds it.
    Member.objects.select_for_update(of=("self",), no_key=True).get(pk=member_id)
    last = Order.objects.filter(member_id=member_id).aggregate(last=Max("nth"))["last"]
    return (last or 0) + 1


@in_transaction
def refund_record(
    *,
    order_id: str,
    refund_id: str,
    ask: RefundAsk,
    occurred_at: dt.datetime,
    is_test: bool = False,
) -> tuple[Refund, tuple[OrderLine, ...]]:
    """Record a refund once; (refund, the lines of which it left nothing).

    Before its order it is kept as a tombstone and applied by `tombstones_apply`. Raises
    RefundConflict (same id, other contents), RefundExceedsPaid, LineUnknown. Locks the order.
    """
    order = order_lock(order_id=order_id, is_test=is_test)
    asked = _asked(ask)
    known = Refund.objects.filter(
        order_id_reported=order_id, refund_id=refund_id, is_test=is_test
    ).first()
    if known is not None:
        if known.asked != asked:
            raise RefundConflict()
        return known, ()
    refund = Refund(
        order_id_reported=order_id,
        refund_id=refund_id,
        is_test=is_test,
        order=order,
        asked=asked,
        occurred_at=occurred_at,
    )
    emptied = _apply(refund, order, ask, capped=False) if order else ()
    refund.save(force_insert=True)
    return refund, emptied


@in_transaction
def tombstones_apply(*, order: Order) -> tuple[OrderLine, ...]:
    """Apply the refunds that arrived before this order; the lines of which they left nothing.

    Together they take at most what was paid. The caller holds the order's lock.
    """
    emptied: list[OrderLine] = []
    waiting = Refund.objects.filter(
        order_id_reported=order.order_id, is_test=order.is_test, order=None
    )
    for refund in waiting.order_by("pk"):
        refund.order = order
        emptied += _apply(refund, order, _ask(refund.asked), capped=True)
        refund.save(update_fields=["order", "applied_minor"])
    return tuple(emptied)


def _apply(refund: Refund, order: Order, ask: RefundAsk, *, capped: bool) -> tuple[OrderLine, ...]:
    lines = {line.line_id: line for line in order.lines.order_by("pk")}
    left = {line_id: line.kept_minor for line_id, line in lines.items()}
    if capped:
        ask = _of_known_lines(ask, left)
    try:
        spread = spread_refund(ask, order_left=order.kept_minor, lines_left=left, capped=capped)
    except RefundTooLarge as error:
        where = f"of line {error.line}" if error.line else "of the order"
        raise RefundExceedsPaid(
            f"Only {error.left_minor} is left {where}.",
            pointer="/lines" if ask.lines else "/amount_minor",
        ) from error
    except KeyError as error:
        raise LineUnknown(f"The order has no line {error}.", pointer="/lines") from error
    order.refunded_minor += spread.order_minor
    order.save(update_fields=["refunded_minor"])
    emptied = []
    for line_id, amount in spread.lines.items():
        line = lines[line_id]
        line.refunded_minor += amount
        line.save(update_fields=["refunded_minor"])
        if line.kept_minor == 0:
            emptied.append(line)
    if order.kept_minor == 0:  # also lines that cost nothing
        emptied = list(lines.values())
    refund.applied_minor = spread.order_minor
    event_record(
        key=event_key(events.REFUNDED, order, refund.refund_id),
        kind=events.REFUNDED,
        payload={
            "order_id": order.order_id,
            "refund_id": refund.refund_id,
            "amount_minor": spread.order_minor,
            "kept_minor": order.kept_minor,
        },
        occurred_at=refund.occurred_at,
        is_test=order.is_test,
    )
    return tuple(emptied)


def _of_known_lines(ask: RefundAsk, known: Mapping[str, int]) -> RefundAsk:
    """`ask` without lines that the order does not have; of such lines alone it takes nothing."""
    if not ask.lines:
        return ask
    lines = tuple(pair for pair in ask.lines if pair[0] in known)
    return RefundAsk(lines=lines) if lines else RefundAsk(amount_minor=0)


def _asked(ask: RefundAsk) -> dict[str, Any]:
    return {"amount_minor": ask.amount_minor, "lines": [list(pair) for pair in ask.lines]}


def _ask(asked: dict[str, Any]) -> RefundAsk:
    return RefundAsk(
        asked["amount_minor"], tuple((line, amount) for line, amount in asked["lines"])
    )


@in_transaction
def order_fulfil(*, order_id: str, is_test: bool, now: dt.datetime) -> Order:
    """Note that the shop delivered the order; again changes nothing. Raises OrderUnknown."""
    order = order_lock(order_id=order_id, is_test=is_test)
    if order is None:
        raise OrderUnknown(f"There is no order {order_id}.")
    if order.fulfilled_at is None:
        order.fulfilled_at = now
        order.save(update_fields=["fulfilled_at"])
        event_record(
            key=event_key(events.FULFILLED, order),
            kind=events.FULFILLED,
            payload={"order_id": order.order_id},
            occurred_at=now,
            is_test=order.is_test,
        )
    return order

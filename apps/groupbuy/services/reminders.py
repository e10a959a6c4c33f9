"""Refund orders that nobody answers are asked for again, each by itself, and at last parked."""

from django.db.models import F

from apps.core.clock import engine_now
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.groupbuy import events
from apps.groupbuy.errors import RefundOrderResolved, RefundOrderUnknown
from apps.groupbuy.models import RefundOrder
from apps.groupbuy.refund_rules import MOST_REMINDERS, pause_after
from apps.groupbuy.services import refunds

Status = RefundOrder.Status


def refund_orders_remind() -> int:
    """Ask again for what the shop neither confirmed nor failed, one per transaction; how many.

    One that was asked for in vain too often is parked. One that raises stops no other.
    """
    due = RefundOrder.objects.due().order_by("ask_again_at")
    return each_due(list(due.values_list("pk", flat=True)[:BATCH]), _remind)


@in_transaction
def _remind(refund_order_id: int) -> bool:
    due = (
        RefundOrder.objects.due()
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("line__order", "seat__room")
        .filter(pk=refund_order_id)
        .first()
    )
    if due is None:
        return False
    if due.reminders < MOST_REMINDERS:
        _ask(due, reminders=due.reminders + 1)
    else:
        _park(due)
    return True


@in_transaction
def refund_order_ask(*, refund_order_id: int) -> None:
    """Ask the shop again now for an outstanding refund order, parked, failed or neither.

    It has all its reminders before it again. Raises RefundOrderUnknown, RefundOrderResolved. Locks
    the refund order.
    """
    refund_order = (
        RefundOrder.objects.select_for_update(of=("self",), no_key=True)
        .select_related("line__order", "seat__room")
        .filter(pk=refund_order_id)
        .first()
    )
    if refund_order is None:
        raise RefundOrderUnknown()
    if refund_order.status == Status.CONFIRMED:
        raise RefundOrderResolved()
    _ask(refund_order, reminders=0)


def _ask(refund_order: RefundOrder, *, reminders: int) -> None:
    clock = engine_now()
    RefundOrder.objects.filter(pk=refund_order.pk).update(
        status=Status.REQUESTED,
        failure="",
        asks=F("asks") + 1,
        reminders=reminders,
        ask_again_at=clock + pause_after(reminders),
        parked_at=None,
    )
    refund_order.refresh_from_db(fields=["asks"])
    refunds.refund_order_tell(events.REFUND_REMINDED, refund_order, clock, refund_order.asks)


def _park(refund_order: RefundOrder) -> None:
    clock = engine_now()
    RefundOrder.objects.filter(pk=refund_order.pk).update(ask_again_at=None, parked_at=clock)
    refunds.refund_order_tell(events.REFUND_PARKED, refund_order, clock, refund_order.asks)

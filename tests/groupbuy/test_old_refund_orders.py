"""What the migration makes of refund orders from before they were asked for again."""

from contextlib import ExitStack
from importlib import import_module

import pytest
from django.db import connection

from apps.checkout.services import refund_order_paid, refund_report
from apps.core import invariants
from apps.groupbuy.models import RefundOrder
from apps.orders.rules import RefundAsk
from tests.groupbuy.makers import PRICE, make_owed, refund_orders
from tests.makers import now
from tests.races.threads import without

OF_BEFORE = import_module("apps.groupbuy.migrations.0009_refund_orders_of_before")
PROMISES = ("refund_order_of_nothing_is_resolved", "refund_order_asked_again_or_parked")


@pytest.mark.usefixtures("committed")
def test_refund_orders_of_before() -> None:
    open_, partly, covered, paid, wholly = make_owed(5)
    refund_order_paid(public_id=paid.public_id, is_test=False, now=now())
    for row, amount in ((partly, 1000), (covered, None), (wholly, None)):
        refund_report(
            order_id=row.line.order.order_id,
            refund_id="by-hand",
            ask=RefundAsk(amount),
            occurred_at=now(),
        )
    with ExitStack() as stack:
        for name in PROMISES:
            stack.enter_context(without("groupbuy_refundorder", name))
        # As they were left: at their first amount, never asked for again; one still outstanding.
        RefundOrder.objects.update(amount_minor=PRICE, reduced_minor=0, ask_again_at=None)
        RefundOrder.objects.filter(pk=covered.pk).update(status="failed", resolved_at=None)
        assert invariants.breaches()
        with connection.cursor() as cursor:
            for statement in (OF_BEFORE.RESOLVED, OF_BEFORE.OUTSTANDING, OF_BEFORE.ASK_AGAIN):
                cursor.execute(statement)
        assert invariants.breaches() == []
        found = {
            row.pk: (row.status, row.amount_minor, row.asked_minor, row.ask_again_at is not None)
            for row in refund_orders()
        }
    assert found == {
        open_.pk: ("requested", PRICE, PRICE, True),
        partly.pk: ("requested", PRICE - 1000, PRICE, True),
        covered.pk: ("confirmed", 0, PRICE, False),
        paid.pk: ("confirmed", PRICE, PRICE, False),
        wholly.pk: ("confirmed", 0, PRICE, False),
    }

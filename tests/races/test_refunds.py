"""Refunds at once: of a refund order and the shop's own of the same line, and two of one order."""

from typing import Any

import pytest

from apps.checkout.services import refund_order_paid, refund_report
from apps.checkout.services import refunds as checkout
from apps.core.transactions import retrying
from apps.groupbuy.models import RefundOrder
from apps.groupbuy.services import room_cancel
from apps.orders import services as orders
from apps.orders.models import Order, Refund
from apps.orders.rules import RefundAsk
from tests.makers import now
from tests.races.test_rooms import PRICE, open_room
from tests.races.threads import (
    Gap,
    at_once,
    attempt,
    broken_promises,
    each,
    without_row_locks,
)


@pytest.fixture
def owed(committed: None) -> RefundOrder:
    """What the shop owes ann, whose room was cancelled."""
    room_cancel(room_id=open_room().pk, reason="recall")
    return RefundOrder.objects.select_related("line__order").get()


def confirm(owed: RefundOrder) -> RefundOrder:
    return refund_order_paid(public_id=owed.public_id, is_test=False, now=now())


def refund(owed: RefundOrder) -> Refund:
    order_id = owed.line.order.order_id
    return refund_report(order_id=order_id, refund_id="r1", ask=RefundAsk(), occurred_at=now())


def taken() -> tuple[int, int]:
    """What was refunded of the order, and what its refunds add up to."""
    total = sum(Refund.objects.values_list("applied_minor", flat=True))
    return Order.objects.get().refunded_minor, total


def unlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing about an order waits any more."""

    def unlocked(*, order_id: str, is_test: bool) -> Order | None:
        return Order.objects.filter(order_id=order_id, is_test=is_test).first()

    without_row_locks(monkeypatch)
    for module in (orders, checkout):
        monkeypatch.setattr(module, "order_lock", unlocked)


def both(owed: RefundOrder, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The confirmation knows what is left of the line; before it takes it, the shop refunds it."""
    gap = Gap(orders.spread_refund, lambda: refund(owed))
    monkeypatch.setattr(orders, "spread_refund", gap)
    return attempt(lambda: confirm(owed)), gap.outcome


def test_confirmed_while_the_shop_refunds(
    owed: RefundOrder, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed, refunded = both(owed, monkeypatch)
    assert confirmed.status == "confirmed"
    assert refunded.applied_minor == 0
    assert taken() == (PRICE, PRICE)


def test_both_many_times_at_once(owed: RefundOrder, promised: None) -> None:
    outcomes = at_once(*[lambda: confirm(owed), lambda: refund(owed)] * 4)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert retrying(lambda: confirm(owed)).status == "confirmed"
    assert taken() == (PRICE, PRICE)


def test_control_without_the_locks_it_is_refunded_twice(
    owed: RefundOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlock(monkeypatch)
    # The other way round: a confirmation writes the refund order first, and so would lock it.
    gap = Gap(orders.spread_refund, lambda: confirm(owed))
    monkeypatch.setattr(orders, "spread_refund", gap)
    assert attempt(lambda: refund(owed)).applied_minor == PRICE
    assert gap.outcome.status == "confirmed"
    assert taken() == (PRICE, 2 * PRICE)
    assert broken_promises() == {12}


# Two refunds that the shop reports of one order.


def refund_part(owed: RefundOrder, refund_id: str) -> Refund:
    """Of the whole price, more than half."""
    ask = RefundAsk(amount_minor=PRICE - 1)
    order_id = owed.line.order.order_id
    return refund_report(order_id=order_id, refund_id=refund_id, ask=ask, occurred_at=now())


def two_refunds(owed: RefundOrder, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The first knows what is left of the order; before it takes it, the second comes."""
    gap = Gap(orders.spread_refund, lambda: refund_part(owed, "r2"))
    monkeypatch.setattr(orders, "spread_refund", gap)
    return attempt(lambda: refund_part(owed, "r1")), gap.outcome


def test_two_refunds_of_one_order_take_at_most_what_was_paid(
    owed: RefundOrder, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_refunds(owed, monkeypatch)
    assert first.applied_minor == PRICE - 1
    assert isinstance(second, orders.RefundExceedsPaid)
    assert taken() == (PRICE - 1, PRICE - 1)


def test_many_refunds_of_one_order_at_once(owed: RefundOrder, promised: None) -> None:
    outcomes = at_once(*each(lambda name: refund_part(owed, name), "r1", "r2", "r3", "r1"))
    applied = [row for row in outcomes if isinstance(row, Refund)]
    assert len({row.refund_id for row in applied}) == 1
    assert taken() == (PRICE - 1, PRICE - 1)


def test_control_without_the_locks_two_refunds_take_more_than_was_paid(
    owed: RefundOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlock(monkeypatch)
    two_refunds(owed, monkeypatch)
    assert taken() == (PRICE - 1, 2 * (PRICE - 1))
    assert 12 in broken_promises()

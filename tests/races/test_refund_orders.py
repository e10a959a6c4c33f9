"""Refund orders: confirmed, reduced, failed and asked for again, all at the same moment."""

import datetime as dt
from typing import Any

import pytest

from apps.checkout.services import refund_order_paid, refund_report
from apps.checkout.services import refunds as checkout
from apps.core.models import Event
from apps.groupbuy.errors import RefundOrderResolved
from apps.groupbuy.models import RefundOrder, Room
from apps.groupbuy.services import (
    refund_order_ask,
    refund_order_fail,
    refund_orders_remind,
    refunds,
    reminders,
    returns,
    room_cancel,
    room_open,
    rooms,
)
from apps.invites.selectors import Brought
from apps.orders import services as orders
from apps.orders.models import Order, Refund
from apps.orders.rules import RefundAsk
from apps.orders.services import RefundExceedsPaid
from tests.groupbuy.makers import PRICE, make_owed, make_room, pay, refund_orders, told
from tests.makers import make_campaign, make_member, make_offer, now
from tests.races.test_rooms import plain_room
from tests.races.threads import Gap, at_once, attempt, broken_promises, each, without_row_locks

PART = 1000


@pytest.fixture
def owed(committed: None) -> RefundOrder:
    return make_owed()[0]


def confirm(owed: RefundOrder) -> RefundOrder:
    return refund_order_paid(public_id=owed.public_id, is_test=False, now=now())


def refund(order: Order, refund_id: str = "r1", amount: int = PART) -> Refund:
    ask = RefundAsk(lines=(("1", amount),))
    return refund_report(order_id=order.order_id, refund_id=refund_id, ask=ask, occurred_at=now())


def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(*, order_id: str, is_test: bool) -> Order | None:
        return Order.objects.filter(order_id=order_id, is_test=is_test).first()

    without_row_locks(monkeypatch)
    for module in (orders, checkout):
        monkeypatch.setattr(module, "order_lock", unlocked)


def amounts() -> tuple[str, int, int, int]:
    """(status, owed, reduced, refunded of the order)."""
    row = refund_orders().get()
    return row.status, row.amount_minor, row.reduced_minor, row.line.order.refunded_minor


# Confirmed twice at once.


def twice_confirmed(owed: RefundOrder, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Both know that it is open before either resolves it; whether each did."""
    resolved: list[bool] = []
    resolve = checkout.refund_order_confirm

    def count(*, refund_order: RefundOrder) -> bool:
        resolved.append(resolve(refund_order=refund_order))
        return resolved[-1]

    monkeypatch.setattr(checkout, "refund_order_confirm", count)
    gap = Gap(checkout.refund_order_lock, lambda: confirm(owed))
    monkeypatch.setattr(checkout, "refund_order_lock", gap)
    assert attempt(lambda: confirm(owed)).status == "confirmed"
    assert gap.outcome.status == "confirmed"
    return resolved


def test_confirmed_twice_at_once_it_resolves_once(
    owed: RefundOrder, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert twice_confirmed(owed, monkeypatch) == [True, False]
    assert told(owed) == ["refund.requested", "refund.confirmed"]
    assert amounts() == ("confirmed", PRICE, 0, PRICE)


def test_control_without_the_locks_the_conditional_update_still_resolves_it_once(
    owed: RefundOrder, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_locks(monkeypatch)
    assert twice_confirmed(owed, monkeypatch) == [True, False]
    assert amounts() == ("confirmed", PRICE, 0, PRICE)


def test_control_without_locks_and_condition_it_resolves_twice(
    owed: RefundOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_locks(monkeypatch)
    monkeypatch.setattr(refunds, "CONFIRMABLE", tuple(RefundOrder.Status))
    assert twice_confirmed(owed, monkeypatch) == [True, True]


# Confirmed while the shop refunds a part of the line, whichever comes first.


def test_confirmed_while_the_shop_refunds_a_part(
    owed: RefundOrder, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = Gap(orders.spread_refund, lambda: refund(owed.line.order))
    monkeypatch.setattr(orders, "spread_refund", gap)
    assert attempt(lambda: confirm(owed)).amount_minor == PRICE
    assert isinstance(gap.outcome, RefundExceedsPaid)  # the shop hears that it paid too much
    assert amounts() == ("confirmed", PRICE, 0, PRICE)


def test_the_shop_refunds_a_part_while_it_is_confirmed(
    owed: RefundOrder, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = Gap(orders.spread_refund, lambda: confirm(owed))
    monkeypatch.setattr(orders, "spread_refund", gap)
    assert attempt(lambda: refund(owed.line.order)).applied_minor == PART
    assert gap.outcome.amount_minor == PRICE - PART
    assert amounts() == ("confirmed", PRICE - PART, PART, PRICE)


def test_control_without_the_locks_more_is_paid_back_than_was_paid(
    owed: RefundOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_locks(monkeypatch)
    gap = Gap(orders.spread_refund, lambda: confirm(owed))
    monkeypatch.setattr(orders, "spread_refund", gap)
    assert attempt(lambda: refund(owed.line.order)).applied_minor == PART
    assert gap.outcome.amount_minor == PRICE
    assert sum(Refund.objects.values_list("applied_minor", flat=True)) == PRICE + PART
    assert broken_promises() == {12}


# Two refunds of one order at once.


def two_refunds(owed: RefundOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    order = owed.line.order
    gap = Gap(orders.spread_refund, lambda: refund(order, "r2"))
    monkeypatch.setattr(orders, "spread_refund", gap)
    assert attempt(lambda: refund(order)).applied_minor == PART
    assert gap.outcome.applied_minor == PART


def test_two_refunds_of_one_order_take_both_parts_off(
    owed: RefundOrder, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_refunds(owed, monkeypatch)
    assert amounts() == ("requested", PRICE - 2 * PART, 2 * PART, 2 * PART)
    assert told(owed).count("refund.reduced") == 2


def test_control_without_the_locks_one_part_is_still_asked_for(
    owed: RefundOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_locks(monkeypatch)
    two_refunds(owed, monkeypatch)
    assert amounts() == ("requested", PRICE - PART, PART, PART)
    assert broken_promises() == {12}


# The shop refunds a part of a payment whose room ends at this moment.


@pytest.fixture
def room(committed: None) -> Room:
    return make_room(1)


def recall(room: Room) -> None:
    room_cancel(room_id=room.pk, reason="recall")


def test_a_room_that_ends_first_asks_for_what_is_left_in_the_end(
    room: Room, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = Gap(rooms.refund_orders_request, lambda: refund(Order.objects.get()))
    monkeypatch.setattr(rooms, "refund_orders_request", gap)
    assert attempt(lambda: recall(room)) is None
    assert gap.outcome.applied_minor == PART
    assert amounts() == ("requested", PRICE - PART, PART, PART)


def test_a_room_that_ends_second_asks_for_what_is_left(
    room: Room, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = Gap(returns.room_lock, lambda: recall(room))
    monkeypatch.setattr(returns, "room_lock", gap)
    assert attempt(lambda: refund(Order.objects.get())).applied_minor == PART
    assert gap.outcome is None
    assert amounts() == ("requested", PRICE - PART, 0, PART)


def test_control_without_the_rooms_lock_it_asks_for_too_much(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returns, "room_lock", plain_room)
    gap = Gap(rooms.refund_orders_request, lambda: refund(Order.objects.get()))
    monkeypatch.setattr(rooms, "refund_orders_request", gap)
    assert attempt(lambda: recall(room)) is None
    assert gap.outcome.applied_minor == PART
    assert amounts() == ("requested", PRICE, 0, PART)
    assert broken_promises() == {12}


# Two rooms of one order end at once, and it has less left than its lines.


def two_rooms_end(monkeypatch: pytest.MonkeyPatch) -> int:
    """Ann paid two seats with one order, and half of one was refunded, off no line; both rooms end.

    What the shop is asked for in all.
    """
    campaign, ann = make_campaign(qualifying_act="room"), make_member("ann")
    ends, held = [], []
    for _ in range(2):
        offer = make_offer(campaign, size=5)
        ended, seat = room_open(offer=offer, member_id=ann.pk, brought=Brought(), now=now())
        ends.append(ended)
        held.append(seat)
    order_id = pay(ann, *held)
    whole = RefundAsk(PRICE // 2)
    refund_report(order_id=order_id, refund_id="r1", ask=whole, occurred_at=now())
    gap = Gap(rooms.refund_orders_request, lambda: recall(ends[1]))
    monkeypatch.setattr(rooms, "refund_orders_request", gap)
    assert attempt(lambda: recall(ends[0])) is None
    assert gap.outcome is None
    return sum(RefundOrder.objects.values_list("amount_minor", flat=True))


def test_two_rooms_of_one_order_ask_for_no_more_than_it_has_left(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert two_rooms_end(monkeypatch) == 2 * PRICE - PRICE // 2


def test_control_without_their_turns_two_rooms_ask_for_too_much(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refunds, "asks_lock", lambda _order: None)
    assert two_rooms_end(monkeypatch) == 2 * PRICE
    assert broken_promises() == {12}


# Two sweepers at once.


def due(*owed: RefundOrder) -> None:
    past = now() - dt.timedelta(seconds=1)
    RefundOrder.objects.filter(pk__in=[row.pk for row in owed]).update(ask_again_at=past)


def reminded() -> int:
    return Event.objects.filter(kind="refund.reminded").count()


def two_sweepers(owed: RefundOrder, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """One has found it due; before it asks, another comes."""
    due(owed)
    gap = Gap(reminders.pause_after, refund_orders_remind)
    monkeypatch.setattr(reminders, "pause_after", gap)
    return refund_orders_remind(), gap.outcome


def test_two_sweepers_remind_once(
    owed: RefundOrder, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert two_sweepers(owed, monkeypatch) == (1, 0)
    assert reminded() == 1


def test_control_without_the_lock_two_sweepers_remind_twice(
    owed: RefundOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    assert two_sweepers(owed, monkeypatch) == (1, 1)
    assert reminded() == 2


def test_eight_sweepers_and_many_refund_orders(promised: None) -> None:
    owed = make_owed(5)
    due(*owed)
    assert sum(at_once(*[refund_orders_remind] * 8)) == 5
    assert reminded() == 5


# All of it.


def test_everything_at_once(promised: None) -> None:
    owed = make_owed(4)
    due(*owed)

    def fail(row: RefundOrder) -> Any:
        return refund_order_fail(public_id=row.public_id, is_test=False, reason="card closed")

    outcomes = at_once(
        *each(confirm, *owed),
        *each(lambda row: refund(row.line.order), *owed),
        *each(fail, *owed),
        *each(lambda row: refund_order_ask(refund_order_id=row.pk), *owed),
        *[refund_orders_remind] * 4,
    )
    errors = {type(outcome) for outcome in outcomes if isinstance(outcome, Exception)}
    assert errors <= {RefundOrderResolved, RefundExceedsPaid}
    assert set(refund_orders().values_list("status", flat=True)) == {"confirmed"}
    assert set(Order.objects.values_list("refunded_minor", flat=True)) == {PRICE}

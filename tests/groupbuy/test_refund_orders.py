"""What the shop owes shrinks with its own refunds, and is asked for until somebody answers."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from apps.checkout.services import order_cancel, refund_order_paid, refund_report
from apps.core import invariants
from apps.core.models import Event
from apps.groupbuy.errors import RefundOrderResolved, RefundOrderUnknown
from apps.groupbuy.models import RefundOrder
from apps.groupbuy.refund_rules import MOST_REMINDERS, PAUSES
from apps.groupbuy.services import (
    refund_order_ask,
    refund_order_fail,
    refund_orders_remind,
    reminders,
    room_cancel,
    room_open,
    seat_hold,
)
from apps.invites.selectors import Brought
from apps.orders.models import Order, Refund
from apps.orders.rules import RefundAsk
from tests.groupbuy.makers import PRICE, make_owed, make_room, pay, refund_orders, told
from tests.makers import make_member, now


@pytest.fixture(autouse=True)
def promises(committed: None) -> Iterator[None]:
    yield
    assert invariants.breaches() == []


def refund(
    order_id: str, refund_id: str = "r1", *, line: str = "", amount: int | None = None
) -> None:
    ask = RefundAsk(lines=((line, amount),)) if line else RefundAsk(amount)
    refund_report(order_id=order_id, refund_id=refund_id, ask=ask, occurred_at=now())


def confirm(owed: RefundOrder) -> RefundOrder:
    return refund_order_paid(public_id=owed.public_id, is_test=False, now=now())


def fail(owed: RefundOrder, reason: str = "card closed") -> RefundOrder:
    return refund_order_fail(public_id=owed.public_id, is_test=False, reason=reason)


def amounts(owed: RefundOrder) -> tuple[str, int, int, int]:
    """(status, still owed, the shop did by itself, asked for at first)."""
    owed.refresh_from_db()
    return owed.status, owed.amount_minor, owed.reduced_minor, owed.asked_minor


# The shop refunds by itself what it was asked for.


def test_a_part_the_shop_refunds_is_no_longer_asked_for() -> None:
    (owed,) = make_owed()
    order_id = owed.line.order.order_id
    refund(order_id, line="1", amount=1000)
    assert amounts(owed) == ("requested", 3900, 1000, PRICE)
    refund(order_id, "r2", amount=400)
    assert amounts(owed) == ("requested", 3500, 1400, PRICE)
    assert amounts(confirm(owed)) == ("confirmed", 3500, 1400, PRICE)
    applied = Refund.objects.order_by("pk").values_list("applied_minor", flat=True)
    assert list(applied) == [1000, 400, 3500]
    assert told(owed) == [
        "refund.requested",
        "refund.reduced",
        "refund.reduced",
        "refund.confirmed",
    ]


@pytest.mark.parametrize("failed", [False, True])
def test_all_the_shop_refunds_resolves_it(failed: bool) -> None:
    (owed,) = make_owed()
    if failed:
        fail(owed)
    refund(owed.line.order.order_id)
    assert amounts(owed) == ("confirmed", 0, PRICE, PRICE)
    assert owed.failure == ""
    confirm(owed)
    assert Order.objects.get().refunded_minor == PRICE
    assert told(owed).count("refund.confirmed") == 1
    with pytest.raises(RefundOrderResolved):
        fail(owed)
    with pytest.raises(RefundOrderResolved):
        refund_order_ask(refund_order_id=owed.pk)


def test_a_cancelled_order_owes_nothing_more() -> None:
    (owed,) = make_owed()
    order_cancel(order_id=owed.line.order.order_id, is_test=False, now=now())
    assert amounts(owed) == ("confirmed", 0, PRICE, PRICE)


def test_what_was_refunded_before_is_never_asked_for() -> None:
    room = make_room()
    refund(Order.objects.get().order_id, line="1", amount=1500)
    room_cancel(room_id=room.pk, reason="recall")
    (owed,) = refund_orders()
    assert amounts(owed) == ("requested", 3400, 0, 3400)
    assert amounts(confirm(owed))[:2] == ("confirmed", 3400)


def two_seats_of_one_order() -> tuple[str, Any, Any]:
    """(order, room, room): dora paid a seat in each."""
    dora, rooms = make_member(), (make_room(), make_room())
    seats = [
        seat_hold(room=room, member_id=dora.pk, brought=Brought(), now=now()) for room in rooms
    ]
    return pay(dora, *seats), *rooms


def owed_of(order_id: str) -> list[RefundOrder]:
    return list(refund_orders().filter(line__order__order_id=order_id))


def test_a_refund_of_the_order_as_a_whole_lets_both_lines_ask_for_the_rest() -> None:
    order_id, *rooms = two_seats_of_one_order()
    for room in rooms:
        room_cancel(room_id=room.pk, reason="recall")
    first, second = owed_of(order_id)
    refund(order_id, amount=6000)  # of 9800
    assert amounts(first) == ("requested", 3800, 1100, PRICE)
    assert amounts(second) == ("confirmed", 0, PRICE, PRICE)
    confirm(first)
    assert Order.objects.get(order_id=order_id).kept_minor == 0


def test_when_one_refund_order_asks_for_all_that_is_left_the_other_asks_for_nothing() -> None:
    order_id, *rooms = two_seats_of_one_order()
    refund(order_id, amount=6000)
    for room in rooms:
        room_cancel(room_id=room.pk, reason="recall")
    first, second = owed_of(order_id)
    assert amounts(first) == ("requested", 3800, 0, 3800)
    assert amounts(second) == ("confirmed", 0, 3800, 3800)
    assert told(second) == ["refund.confirmed"]
    confirm(first)
    assert Order.objects.get(order_id=order_id).kept_minor == 0


def test_each_is_filed_under_its_own_payer() -> None:
    owed = make_owed(3)
    orders = {row.public_id: row.line.order for row in owed}
    assert len({order.member_id for order in orders.values()}) == 3
    for event in Event.objects.filter(kind="refund.requested"):
        data = event.payload
        order = orders[data["refund_order"]]
        assert (data["order_id"], data["line_id"]) == (order.order_id, "1")
        assert (data["amount_minor"], data["asked_minor"], data["attempt"]) == (PRICE, PRICE, 1)


# Asking again.


def due_now(*owed: RefundOrder) -> None:
    """The pause is over."""
    past = now() - dt.timedelta(seconds=1)
    RefundOrder.objects.filter(pk__in=[row.pk for row in owed]).update(ask_again_at=past)


def pause(owed: RefundOrder) -> dt.timedelta:
    """How long until the shop is asked again, in whole minutes."""
    owed.refresh_from_db()
    assert owed.ask_again_at is not None
    return dt.timedelta(minutes=round((owed.ask_again_at - now()).total_seconds() / 60))


def test_it_is_asked_again_with_growing_pauses_and_parked_at_last() -> None:
    (owed,) = make_owed()
    assert refund_orders_remind() == 0
    assert pause(owed) == PAUSES[0]
    for number in range(1, MOST_REMINDERS + 1):
        due_now(owed)
        assert (refund_orders_remind(), refund_orders_remind()) == (1, 0)
        assert pause(owed) == PAUSES[number]
        assert (owed.asks, owed.reminders) == (number + 1, number)
    due_now(owed)
    assert (refund_orders_remind(), refund_orders_remind()) == (1, 0)
    owed.refresh_from_db()
    assert (owed.status, owed.ask_again_at, owed.asks) == ("requested", None, 7)
    assert owed.parked_at is not None
    assert told(owed) == [
        "refund.requested",
        *["refund.reminded"] * MOST_REMINDERS,
        "refund.parked",
    ]
    attempts = Event.objects.filter(kind="refund.reminded").order_by("pk")
    assert [event.payload["attempt"] for event in attempts] == list(range(2, 8))
    # The shop answers at last.
    answered = confirm(owed)
    assert (answered.status, answered.parked_at) == ("confirmed", None)


def test_a_parked_one_can_be_asked_for_again() -> None:
    (owed,) = make_owed()
    RefundOrder.objects.update(ask_again_at=None, parked_at=now(), asks=7, reminders=6)
    refund_order_ask(refund_order_id=owed.pk)
    assert pause(owed) == PAUSES[0]
    assert (owed.asks, owed.reminders, owed.parked_at) == (8, 0, None)
    assert told(owed)[-1] == "refund.reminded"


def test_a_failed_one_waits_for_somebody_to_ask_again() -> None:
    (owed,) = make_owed()
    fail(owed)
    owed.refresh_from_db()
    assert (owed.ask_again_at, owed.parked_at) == (None, None)
    assert refund_orders_remind() == 0
    refund_order_ask(refund_order_id=owed.pk)
    assert amounts(owed)[0] == "requested"
    assert owed.failure == ""
    fail(owed, "still closed")
    assert told(owed) == [
        "refund.requested",
        "refund.failed",
        "refund.reminded",
        "refund.failed",
    ]
    last = Event.objects.filter(kind="refund.failed").order_by("-pk")[0]
    assert (last.payload["failure"], last.payload["attempt"]) == ("still closed", 2)


def test_a_resolved_one_is_not_asked_for_again() -> None:
    (owed,) = make_owed()
    due_now(owed)
    confirm(owed)
    assert refund_orders_remind() == 0
    with pytest.raises(RefundOrderUnknown):
        refund_order_ask(refund_order_id=0)


def test_one_that_cannot_be_asked_for_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, *good = owed = make_owed(4)
    due_now(*owed)
    ask = reminders._ask

    def ask_all_but_one(refund_order: RefundOrder, **terms: Any) -> None:
        ask(refund_order, **terms)
        assert refund_order.pk != bad.pk, "this one never works"

    monkeypatch.setattr(reminders, "_ask", ask_all_but_one)
    assert refund_orders_remind() == 3
    assert told(bad) == ["refund.requested"]
    assert {tuple(told(row)) for row in good} == {("refund.requested", "refund.reminded")}
    monkeypatch.undo()
    assert refund_orders_remind() == 1
    assert told(bad) == ["refund.requested", "refund.reminded"]


def test_a_late_payment_is_asked_for_again_too() -> None:
    room = make_room()
    bob = make_member()
    seat = seat_hold(room=room, member_id=bob.pk, brought=Brought(), now=now())
    room_cancel(room_id=room.pk, reason="recall")
    pay(bob, seat)
    late = refund_orders().get(why="too_late")
    due_now(late)
    assert refund_orders_remind() == 1
    assert told(late)[-1] == "refund.reminded"


def test_a_room_without_payments_owes_nothing() -> None:
    room = make_room()
    refund(Order.objects.get().order_id)
    assert not refund_orders().exists()
    room.refresh_from_db()
    assert room.reason == "host_left"
    opened, _ = room_open(
        offer=room.offer, member_id=make_member().pk, brought=Brought(), now=now()
    )
    room_cancel(room_id=opened.pk, reason="recall")
    assert not refund_orders().exists()

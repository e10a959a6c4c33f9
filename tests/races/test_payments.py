"""Races of payments with each other: one order reported twice, two orders for one seat."""

from typing import Any

import pytest
from django.db import IntegrityError

from apps.checkout.services import Reported
from apps.core.services import EventConflict
from apps.groupbuy.errors import SeatNotHeld
from apps.groupbuy.models import OfferItem, RefundOrder, Room, Seat
from apps.groupbuy.services import payments, seat_swap, swaps
from apps.orders import services as orders
from apps.orders.models import Order
from tests.makers import make_member, now
from tests.races.test_rooms import PRICE, hold, open_room, order_of, report, state
from tests.races.threads import Gap, at_once, attempt, broken_promises, without, without_row_locks


@pytest.fixture
def held(committed: None) -> tuple[Room, Seat]:
    """Bob's held seat, the last of ann's room of two."""
    room = open_room()
    return room, hold(room, make_member("bob"))


def bobs_orders() -> list[str]:
    found = Order.objects.filter(member__identities__value="bob")
    return list(found.order_by("order_id").values_list("order_id", flat=True))


# The same order.


def same_order_twice(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The shop reports bob's order; once it is found to be new, the retry of the report comes."""
    said = order_of(seat, "bobs", now())
    gap = Gap(orders.order_lock, lambda: report(said))
    monkeypatch.setattr(orders, "order_lock", gap)
    return attempt(lambda: report(said)), gap.outcome


def test_an_order_reported_twice_at_once_is_one(
    held: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, seat = held
    first, second = same_order_twice(seat, monkeypatch)
    assert isinstance(first, Reported)
    assert isinstance(second, Reported)
    assert first.order.pk == second.order.pk
    assert state(room) == ("completed", 0)


def test_an_order_reported_many_times_at_once_is_one(
    held: tuple[Room, Seat], promised: None
) -> None:
    room, seat = held
    said = order_of(seat, "bobs", now())
    outcomes = at_once(*[lambda: report(said)] * 8)
    assert len({outcome.order.pk for outcome in outcomes}) == 1
    assert state(room) == ("completed", 0)


def unlocked(*, order_id: str, is_test: bool) -> Order | None:
    return Order.objects.filter(order_id=order_id, is_test=is_test).first()


def test_control_without_the_lock_the_database_refuses_the_second(
    held: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "order_lock", unlocked)
    first, second = same_order_twice(held[1], monkeypatch)
    assert isinstance(second, Reported)
    assert isinstance(first, IntegrityError)
    assert bobs_orders() == ["bobs"]


def test_control_without_lock_and_unique_keys_the_log_of_facts_refuses_the_second(
    held: tuple[Room, Seat], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "order_lock", unlocked)
    without_row_locks(monkeypatch)
    with (
        without("orders_order", "order_reported_once"),
        without("orders_order", "order_nth_once"),
    ):
        first, second = same_order_twice(held[1], monkeypatch)
        assert isinstance(second, Reported)
        assert isinstance(first, EventConflict)
        assert bobs_orders() == ["bobs"]


# Two orders for one seat.


def two_orders(seat: Seat, monkeypatch: pytest.MonkeyPatch, step: str) -> tuple[Any, Any]:
    """Bob pays on two phones; after `step` of one payment, the other comes."""
    gap = Gap(getattr(payments, step), lambda: report(order_of(seat, "second", now())))
    monkeypatch.setattr(payments, step, gap)
    return attempt(lambda: report(order_of(seat, "first", now()))), gap.outcome


def test_of_two_orders_for_a_seat_one_is_asked_back(
    held: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, seat = held
    two_orders(seat, monkeypatch, "room_lock")
    assert state(room) == ("completed", 1)
    owed = RefundOrder.objects.select_related("line__order").get()
    seat.refresh_from_db()
    assert (owed.why, owed.amount_minor) == ("already_paid", PRICE)
    assert {owed.line.order.order_id, seat.order_id} == {"first", "second"}


def test_of_many_orders_for_a_seat_all_but_one_are_asked_back(
    held: tuple[Room, Seat], promised: None
) -> None:
    room, seat = held
    said = [order_of(seat, f"o-{n}", now()) for n in range(8)]
    outcomes = at_once(*[lambda one=one: report(one) for one in said])
    assert all(isinstance(outcome, Reported) for outcome in outcomes)
    assert state(room) == ("completed", 7)


def test_control_without_row_locks_the_database_refuses_the_second(
    held: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    first, second = two_orders(held[1], monkeypatch, "may_pay")
    assert isinstance(first, Reported)
    assert isinstance(second, IntegrityError)  # both would be the member's second order
    assert state(held[0]) == ("completed", 0)


def test_control_without_locks_and_unique_key_a_payment_is_lost_in_silence(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = open_room(size=3)
    seat = hold(room, make_member("bob"))
    hold(room, make_member("cleo"))  # else there would be no held piece to sell a second time
    without_row_locks(monkeypatch)
    with without("orders_order", "order_nth_once"):
        first, second = two_orders(seat, monkeypatch, "may_pay")
        assert isinstance(first, Reported)
        assert isinstance(second, Reported)
        assert RefundOrder.objects.count() == 0
        assert broken_promises() == {4, 8, 11}


# A payment of a seat that is swapped at this moment.


def swapped_while_paid(monkeypatch: pytest.MonkeyPatch) -> tuple[Room, Any, Any]:
    """Bob has found his seat held and wants a second piece; before that is his, it is paid."""
    room = open_room(size=3)
    seat = hold(room, make_member("bob"))
    gap = Gap(swaps.may_pay, lambda: report(order_of(seat, "bobs", now())))
    monkeypatch.setattr(swaps, "may_pay", gap)
    swap = lambda: seat_swap(seat_id=seat.public_id, member_id=seat.member_id, quantity=2)  # noqa: E731
    return room, attempt(swap), gap.outcome


def test_a_seat_is_swapped_before_it_is_paid_or_not_at_all(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, swapped, paid = swapped_while_paid(monkeypatch)
    assert isinstance(swapped, Seat)
    assert isinstance(paid, Reported)  # it waited, and pays what the seat is by then
    bobs = room.seats.get(opens=False)
    assert (bobs.status, bobs.quantity) == ("paid", 2)
    assert OfferItem.objects.values_list("held", "sold").get() == (0, 3)


def test_a_paid_seat_is_not_swapped(promised: None) -> None:
    room = open_room(size=3)
    seat = hold(room, make_member("bob"))
    report(order_of(seat, "bobs", now()))
    swap = lambda: seat_swap(seat_id=seat.public_id, member_id=seat.member_id, quantity=2)  # noqa: E731
    assert isinstance(attempt(swap), SeatNotHeld)


def test_control_without_row_locks_a_paid_seat_is_swapped(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    room, swapped, paid = swapped_while_paid(monkeypatch)
    assert isinstance(swapped, Seat)
    assert isinstance(paid, Reported)
    assert 8 in broken_promises()

"""Races of a room's end: with its host leaving, somebody joining, a refund by the shop."""

from typing import Any

import pytest
from django.db import IntegrityError

from apps.checkout.services import refund_report
from apps.groupbuy.errors import RoomNotOpen
from apps.groupbuy.models import RefundOrder, Room, Seat
from apps.groupbuy.services import payments, returns, room_cancel, rooms, rooms_turn, seats
from apps.orders.rules import RefundAsk
from tests.makers import make_member, now
from tests.races.test_rooms import PRICE, due_now, hold, open_room, pay, plain_room, seated, state
from tests.races.threads import Gap, at_once, attempt, broken_promises, without

ALL = RefundAsk()


def refund(seat: Seat, ask: RefundAsk = ALL) -> Any:
    """The shop pays the order of a seat back."""
    seat.refresh_from_db()
    return refund_report(
        order_id=seat.order_id, refund_id=f"r-{seat.pk}", ask=ask, occurred_at=now()
    )


def hosts_seat(room: Room) -> Seat:
    return room.seats.get(member=room.host)


def ended(room: Room) -> tuple[str, str]:
    room.refresh_from_db()
    return room.status, room.reason


# The host leaves while the last one pays.


@pytest.fixture
def nearly(committed: None) -> tuple[Room, Seat]:
    """Ann's room of three: bob has paid, cleo holds the last seat."""
    room = open_room(size=3)
    pay(hold(room, make_member("bob")))
    return room, hold(room, make_member("cleo"))


def test_the_host_left_first(
    nearly: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, cleos = nearly
    gap = Gap(returns.room_lock, lambda: pay(cleos))
    monkeypatch.setattr(returns, "room_lock", gap)
    refund(hosts_seat(room))
    assert gap.outcome is None
    assert state(room) == ("open", 0)
    assert seated(room) == ["paid", "paid"]
    assert room.host.identities.get().value == "bob"


def test_the_last_payment_came_first(
    nearly: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, cleos = nearly
    gap = Gap(payments.room_lock, lambda: refund(hosts_seat(room)))
    monkeypatch.setattr(payments, "room_lock", gap)
    assert attempt(lambda: pay(cleos)) is None
    assert gap.outcome.applied_minor == PRICE
    assert state(room) == ("completed", 0)
    assert room.host.identities.get().value == "ann"


def test_control_without_the_lock_a_completed_room_gets_another_host(
    nearly: tuple[Room, Seat], monkeypatch: pytest.MonkeyPatch
) -> None:
    room, cleos = nearly
    gap = Gap(plain_room, lambda: pay(cleos))
    monkeypatch.setattr(returns, "room_lock", gap)
    refund(hosts_seat(room))
    assert gap.outcome is None
    assert state(room) == ("completed", 0)
    assert room.host.identities.get().value == "bob"


def test_the_only_payer_left_while_the_last_one_paid(promised: None) -> None:
    """Either the room completes and stays so, or it is cancelled and the payment asked back."""
    seen = set()
    for n in range(6):
        room = open_room(host=f"host-{n}")
        seat, hosts = hold(room, make_member()), hosts_seat(room)
        paid, left = at_once(lambda seat=seat: pay(seat), lambda hosts=hosts: refund(hosts))
        assert paid is None
        assert left.applied_minor == PRICE
        owed = RefundOrder.objects.filter(seat__room=room).count()
        seen.add((*ended(room), owed))
    assert seen <= {("completed", "", 0), ("cancelled", "host_left", 1)}


def payment_while_the_host_leaves(monkeypatch: pytest.MonkeyPatch) -> tuple[Room, Any, Any]:
    """Bob may pay; before he takes his seat, ann leaves the room he did not lock."""
    room = open_room()
    bobs, anns = hold(room, make_member("bob")), hosts_seat(room)
    monkeypatch.setattr(payments, "room_lock", plain_room)
    gap = Gap(payments.may_pay, lambda: refund(anns))
    monkeypatch.setattr(payments, "may_pay", gap)
    return room, attempt(lambda: pay(bobs)), gap.outcome


def test_control_without_the_lock_the_database_refuses_the_payment(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, bobs, _ = payment_while_the_host_leaves(monkeypatch)
    assert isinstance(bobs, IntegrityError)  # a released seat cannot be paid
    assert ended(room) == ("cancelled", "host_left")


def test_control_without_lock_and_checks_a_cancelled_room_keeps_a_payment(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        without("groupbuy_seat", "seat_released_with_reason"),
        without("groupbuy_offeritem", "item_not_negative"),
        without("groupbuy_offeritem", "groupbuy_offeritem_held_check"),
    ):
        room, bobs, _ = payment_while_the_host_leaves(monkeypatch)
        assert bobs is None
        assert state(room) == ("cancelled", 0)
        assert broken_promises() == {8, 10, 11}


# An operator cancels while somebody joins.


def cancel(room: Room) -> None:
    room_cancel(room_id=room.pk, reason="recall")


def test_the_operator_cancelled_first(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    room, bob = open_room(), make_member("bob")
    gap = Gap(rooms.room_lock, lambda: hold(room, bob))
    monkeypatch.setattr(rooms, "room_lock", gap)
    cancel(room)
    assert isinstance(gap.outcome, RoomNotOpen)
    assert state(room) == ("cancelled", 1)


def join_while_it_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> tuple[Room, Any, Any]:
    """Bob has found a place free; before he takes it, the operator cancels the room."""
    room, bob = open_room(), make_member("bob")
    gap = Gap(seats.free_position, lambda: cancel(room))
    monkeypatch.setattr(seats, "free_position", gap)
    return room, attempt(lambda: hold(room, bob)), gap.outcome


def test_somebody_joined_first(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    room, bobs, cancelled = join_while_it_is_cancelled(monkeypatch)
    assert isinstance(bobs, Seat)
    assert cancelled is None
    bobs.refresh_from_db()
    assert (bobs.status, bobs.released) == ("released", "room_cancelled")
    assert state(room) == ("cancelled", 1)


def test_control_without_the_lock_somebody_sits_in_a_cancelled_room(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "room_lock", plain_room)
    room, bobs, cancelled = join_while_it_is_cancelled(monkeypatch)
    assert isinstance(bobs, Seat)
    assert cancelled is None
    assert state(room) == ("cancelled", 1)
    assert broken_promises() == {10}


# The shop pays back while the room fails.


@pytest.fixture
def failing(committed: None) -> tuple[Room, Seat]:
    """Ann's room of three at its deadline; bob has paid, nobody else came."""
    room = open_room(size=3)
    bobs = hold(room, make_member("bob"))
    pay(bobs)
    return due_now(room), bobs


def owed(seat: Seat) -> list[tuple[str, int]]:
    """(status, amount) of the refund orders of a seat."""
    return list(seat.refund_orders.values_list("status", "amount_minor"))


def test_the_shop_paid_back_first(
    failing: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, bobs = failing
    gap = Gap(returns.room_lock, rooms_turn)
    monkeypatch.setattr(returns, "room_lock", gap)
    refund(bobs)
    assert gap.outcome == 0  # the sweeper passed by a locked room
    assert rooms_turn() == 1
    assert state(room) == ("failed", 1)
    assert owed(bobs) == []


def test_the_room_failed_first(
    failing: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, bobs = failing
    gap = Gap(rooms.next_turn, lambda: refund(bobs))
    monkeypatch.setattr(rooms, "next_turn", gap)
    assert rooms_turn() == 1
    assert gap.outcome.applied_minor == PRICE
    assert state(room) == ("failed", 2)
    assert owed(bobs) == [("confirmed", 0)]  # nothing is owed any more: the shop has paid it


def test_refunds_and_sweepers_all_at_once(promised: None) -> None:
    for n in range(6):
        room = open_room(size=3, host=f"host-{n}")
        bobs = hold(room, make_member())
        pay(bobs)
        due_now(room)
        at_once(lambda bobs=bobs: refund(bobs), rooms_turn, rooms_turn)
        rooms_turn()
        room.refresh_from_db()
        assert room.status == "failed"
        assert owed(bobs) in ([], [("confirmed", 0)])
        assert owed(hosts_seat(room)) == [("requested", PRICE)]


def paid_back_while_asking(room: Room, bobs: Seat, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The room has failed and asks for bob's payment; before that is there to see, the shop pays."""
    gap = Gap(rooms.refund_orders_request, lambda: refund(bobs))
    monkeypatch.setattr(rooms, "refund_orders_request", gap)
    assert rooms_turn() == 1
    assert gap.outcome.applied_minor == PRICE
    assert state(room) == ("failed", 2)
    return owed(bobs)


def test_the_shop_paid_back_while_the_room_asked(
    failing: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paid_back_while_asking(*failing, monkeypatch) == [("confirmed", 0)]


def test_control_without_the_lock_the_shop_is_asked_for_what_it_has_paid(
    failing: tuple[Room, Seat], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returns, "room_lock", plain_room)
    assert paid_back_while_asking(*failing, monkeypatch) == [("requested", PRICE)]

"""Races for seats, and payments against the clock."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError

from apps.checkout.services import Reported, order_report
from apps.core.transactions import retrying
from apps.groupbuy.errors import RoomFull
from apps.groupbuy.models import Offer, RefundOrder, Room, Seat
from apps.groupbuy.services import payments, room_open, rooms, rooms_turn, seat_hold, seats
from apps.invites.selectors import Brought
from apps.members.models import Member
from apps.orders.services import LineReport, OrderReport
from tests.makers import make_campaign, make_member, make_offer, now
from tests.races.threads import Gap, at_once, attempt, broken_promises, each, without

PRICE = 4900


def order_of(seat: Seat, order_id: str, at: dt.datetime) -> OrderReport:
    """What the shop reports when a seat is paid."""
    return OrderReport(
        order_id=order_id,
        member_id=seat.member_id,
        currency="CNY",
        paid_minor=PRICE,
        occurred_at=at,
        lines=(LineReport("1", "tea", 1, PRICE, seat=seat.public_id),),
    )


def report(order: OrderReport) -> Reported:
    return order_report(report=order, brought=Brought(), now=now())


def pay(seat: Seat) -> None:
    report(order_of(seat, f"o{seat.pk}", now()))


def open_room(size: int = 2, host: str = "ann") -> Room:
    """Ann's open room, with an offer of its own."""
    return open_room_in(make_offer(make_campaign(qualifying_act="room"), size=size), host)


def open_room_in(offer: Offer, host: str = "") -> Room:
    room, seat = room_open(
        offer=offer, member_id=make_member(host).pk, brought=Brought(), now=now()
    )
    pay(seat)
    room.refresh_from_db()
    return room


def hold(room: Room, member: Member) -> Seat:
    return seat_hold(room=room, member_id=member.pk, brought=Brought(), now=now())


def seated(room: Room) -> list[str]:
    return sorted(room.seats.exclude(status="released").values_list("status", flat=True))


# The last seat.


def test_fifty_join_for_the_last_seat(promised: None) -> None:
    room = open_room()
    crowd = [make_member() for _ in range(50)]
    outcomes = at_once(*each(lambda member: hold(room, member), *crowd))
    assert sum(isinstance(outcome, Seat) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, RoomFull) for outcome in outcomes) == 49
    assert seated(room) == ["held", "paid"]


def two_for_the_last_seat(monkeypatch: pytest.MonkeyPatch) -> tuple[Room, Any, Any]:
    """Bob has found a place free; before he takes it, cleo comes."""
    room, bob, cleo = open_room(), make_member("bob"), make_member("cleo")
    gap = Gap(seats.free_position, lambda: hold(room, cleo))
    monkeypatch.setattr(seats, "free_position", gap)
    return room, attempt(lambda: hold(room, bob)), gap.outcome


def plain_room(room_id: int) -> Room:
    return Room.objects.select_related("offer__campaign").get(pk=room_id)


def test_the_last_seat_goes_to_whoever_locks_the_room(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, bobs, cleos = two_for_the_last_seat(monkeypatch)
    assert isinstance(bobs, Seat)
    assert isinstance(cleos, RoomFull)
    assert seated(room) == ["held", "paid"]


def test_control_without_the_lock_the_database_still_refuses(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "room_lock", plain_room)
    room, bobs, cleos = two_for_the_last_seat(monkeypatch)
    assert isinstance(cleos, Seat)
    assert isinstance(bobs, IntegrityError)
    assert seated(room) == ["held", "paid"]


def test_control_without_lock_and_unique_key_the_room_is_overfull(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "room_lock", plain_room)
    with without("groupbuy_seat", "seat_position_once"):
        room, bobs, cleos = two_for_the_last_seat(monkeypatch)
        assert isinstance(bobs, Seat)
        assert isinstance(cleos, Seat)
        assert seated(room) == ["held", "held", "paid"]
        assert broken_promises() == {7}


# A payment against the deadline.


@pytest.fixture
def due(committed: None) -> tuple[Room, Seat]:
    """Ann's room of two with bob's held seat, at its deadline, the hold just over."""
    room = open_room()
    seat = hold(room, make_member("bob"))
    return due_now(room), seat


def due_now(room: Room) -> Room:
    past = now() - dt.timedelta(seconds=1)
    Room.objects.filter(pk=room.pk).update(deadline_at=past, due_at=past)
    Seat.objects.filter(room=room, status="held").update(hold_expires_at=past)
    room.refresh_from_db()
    return room


def in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the payer's clock it is still a moment before the deadline."""
    early = now() - dt.timedelta(minutes=1)
    monkeypatch.setattr(payments, "engine_now", lambda: early)


def state(room: Room) -> tuple[str, int]:
    """How the room ended, and how many payments the shop must pay back."""
    room.refresh_from_db()
    return room.status, RefundOrder.objects.count()


def test_a_payment_at_the_deadline_that_came_first(
    due: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, seat = due
    in_time(monkeypatch)
    gap = Gap(payments.room_lock, rooms_turn)
    monkeypatch.setattr(payments, "room_lock", gap)
    assert attempt(lambda: pay(seat)) is None
    assert gap.outcome == 0  # the sweeper passed by a locked room
    assert state(room) == ("completed", 0)
    assert rooms_turn() == 0


def test_a_payment_at_the_deadline_that_came_second(
    due: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, seat = due
    in_time(monkeypatch)
    gap = Gap(rooms.next_turn, lambda: pay(seat))
    monkeypatch.setattr(rooms, "next_turn", gap)
    assert rooms_turn() == 1
    assert gap.outcome is None  # never an exception, never silence
    assert state(room) == ("failed", 2)


def too_late_for_this_room(
    due: tuple[Room, Seat], monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, Any]:
    """Bob may pay; before he takes his seat, the deadline ends the room he did not lock."""
    in_time(monkeypatch)
    monkeypatch.setattr(payments, "room_lock", plain_room)
    gap = Gap(payments.may_pay, rooms_turn)
    monkeypatch.setattr(payments, "may_pay", gap)
    return attempt(lambda: pay(due[1])), gap.outcome


def test_control_without_the_lock_a_payment_ends_in_an_error(
    due: tuple[Room, Seat], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    bobs, turned = too_late_for_this_room(due, monkeypatch)
    assert turned == 1
    assert isinstance(bobs, IntegrityError)  # a released seat cannot be paid
    assert state(due[0]) == ("failed", 1)


def test_control_without_lock_and_checks_a_failed_room_keeps_a_payment(
    due: tuple[Room, Seat], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        without("groupbuy_seat", "seat_released_with_reason"),
        without("groupbuy_offeritem", "item_not_negative"),
        without("groupbuy_offeritem", "groupbuy_offeritem_held_check"),
    ):
        bobs, _ = too_late_for_this_room(due, monkeypatch)
        assert bobs is None
        assert state(due[0]) == ("failed", 1)
        assert broken_promises() == {8, 10}


def test_how_a_room_ended_is_final(due: tuple[Room, Seat], promised: None) -> None:
    rooms_turn()
    with pytest.raises(IntegrityError, match="that is final"):
        Room.objects.filter(pk=due[0].pk).update(status="completed")


def test_payments_and_sweepers_all_at_once(promised: None) -> None:
    late = [open_room(host=f"host-{n}") for n in range(6)]
    waiting = [(room, hold(room, make_member())) for room in late]
    for room, _ in waiting[::2]:
        due_now(room)
    at_once(
        *each(lambda pair: pay(pair[1]), *waiting),
        *(rooms_turn for _ in range(4)),
    )
    retrying(rooms_turn)
    for room, _ in waiting:
        room.refresh_from_db()
        paid = room.seats.filter(status="paid").count()
        asked = RefundOrder.objects.filter(seat__room=room).count()
        assert (room.status, paid, asked) in {("completed", 2, 0), ("failed", 0, 2)}

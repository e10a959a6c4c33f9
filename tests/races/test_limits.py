"""Races for what one member may have, and for the seat of somebody too late."""

from typing import Any

import pytest

from apps.groupbuy.errors import LimitReached
from apps.groupbuy.models import Offer, RefundOrder, Room, Seat
from apps.groupbuy.rules import Limits, Overflow, Terms
from apps.groupbuy.services import holds_expire, late, payments, room_open, rooms, seats
from apps.invites.selectors import Brought
from apps.members.models import Member
from tests.makers import make_campaign, make_member, make_offer, now
from tests.races.test_rooms import due_now, hold, pay, plain_room
from tests.races.threads import Gap, at_once, attempt, broken_promises, each


def make_limited(**terms: Any) -> Offer:
    return make_offer(make_campaign(), size=3, terms=Terms(**terms))


def opened(offer: Offer, host: Member) -> Room:
    """The host's open room."""
    room, seat = room_open(offer=offer, member_id=host.pk, brought=Brought(), now=now())
    pay(seat)
    room.refresh_from_db()
    return room


def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member's holds do not take turns."""
    monkeypatch.setattr(seats, "member_lock", lambda member_id: None)
    monkeypatch.setattr(rooms, "member_lock", lambda member_id: None)


# Two seats at once, where one is allowed.


def two_holds_at_once(monkeypatch: pytest.MonkeyPatch, limits: Limits) -> tuple[Any, Any]:
    """Bob was found to have nothing yet; before he takes his seat, he takes one elsewhere."""
    offer, bob = make_limited(limits=limits), make_member("bob")
    here, there = opened(offer, make_member("ann")), opened(offer, make_member("cleo"))
    gap = Gap(seats.standing_of, lambda: hold(there, bob))
    monkeypatch.setattr(seats, "standing_of", gap)
    return attempt(lambda: hold(here, bob)), gap.outcome


LIMITS = [Limits(seats=1), Limits(open_at_once=1)]


@pytest.mark.parametrize("limits", LIMITS)
def test_two_holds_of_one_member_take_turns(
    promised: None, monkeypatch: pytest.MonkeyPatch, limits: Limits
) -> None:
    first, second = two_holds_at_once(monkeypatch, limits)
    assert isinstance(first, Seat)
    assert isinstance(second, LimitReached)


@pytest.mark.parametrize("limits", LIMITS)
def test_control_without_the_members_lock_a_limit_is_passed(
    committed: None, monkeypatch: pytest.MonkeyPatch, limits: Limits
) -> None:
    unlocked(monkeypatch)
    first, second = two_holds_at_once(monkeypatch, limits)
    assert isinstance(first, Seat)
    assert isinstance(second, Seat)
    assert broken_promises() == {7}


def two_rooms_at_once(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Ann was found to host nothing yet; before her room opens, she opens another."""
    offer, ann = make_limited(limits=Limits(rooms_hosted=1)), make_member("ann")

    def open_one() -> tuple[Room, Seat]:
        return room_open(offer=offer, member_id=ann.pk, brought=Brought(), now=now())

    gap = Gap(rooms.standing_of, open_one)
    monkeypatch.setattr(rooms, "standing_of", gap)
    return attempt(open_one), gap.outcome


def test_two_rooms_of_one_host_take_turns(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = two_rooms_at_once(monkeypatch)
    assert isinstance(first, tuple)
    assert isinstance(second, LimitReached)


def test_control_without_the_members_lock_a_host_has_too_many_rooms(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked(monkeypatch)
    first, second = two_rooms_at_once(monkeypatch)
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert broken_promises() == {7}


def test_one_member_everywhere_at_once(promised: None) -> None:
    offer, bob = make_limited(limits=Limits(seats=2)), make_member("bob")
    places = [opened(offer, make_member()) for _ in range(8)]
    outcomes = at_once(*each(lambda room: hold(room, bob), *places))
    assert sum(isinstance(outcome, Seat) for outcome in outcomes) == 2
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 6


# Two payers too late for their rooms, and one seat elsewhere.


def make_late(number: int) -> tuple[list[Seat], Room]:
    """So many held seats in rooms that are over, and an open room with one seat left."""
    offer = make_limited(overflow=Overflow.OTHER_ROOM)
    held = []
    for _ in range(number):
        room = opened(offer, make_member())
        held.append(hold(room, make_member()))
        due_now(room)
    holds_expire()  # or the stock they give back would make the payers take turns
    left = opened(offer, make_member())
    pay(hold(left, make_member()))
    return held, left


def test_the_last_seat_elsewhere_goes_to_one_and_the_others_are_refunded(promised: None) -> None:
    held, left = make_late(6)
    outcomes = at_once(*each(pay, *held))
    assert outcomes == [None] * 6
    left.refresh_from_db()
    paid = left.seats.filter(status="paid").count()
    refunds = RefundOrder.objects.filter(why="too_late").count()
    assert (paid, left.status, refunds) == (3, "completed", 5)


def two_late_payers(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any, Room]:
    """One too late has found the free place; before it is taken, the other comes."""
    (first, second), left = make_late(2)
    gap = Gap(late.free_position, lambda: pay(second))
    found = late.seat_elsewhere

    def elsewhere(*given: Any) -> Any:
        monkeypatch.setattr(late, "free_position", gap)
        return found(*given)

    monkeypatch.setattr(payments, "seat_elsewhere", elsewhere)
    return attempt(lambda: pay(first)), gap.outcome, left


def test_a_room_somebody_has_is_passed_over(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, left = two_late_payers(monkeypatch)
    assert (first, second) == (None, None)  # never an exception, never waiting for each other
    assert left.seats.filter(status="paid").count() == 3
    assert RefundOrder.objects.filter(why="too_late").count() == 1


def test_control_without_the_lock_only_the_unique_key_refuses(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late, "_lock_if_free", plain_room)
    first, second, left = two_late_payers(monkeypatch)
    assert isinstance(first, Exception)
    assert second is None
    assert left.seats.filter(status="paid").count() == 3

"""Races of one member with themselves: as many rooms and seats of an offer as its terms allow."""

from types import ModuleType
from typing import Any

import pytest

from apps.groupbuy.errors import LimitReached
from apps.groupbuy.models import Room, Seat
from apps.groupbuy.rules import Limits, Terms
from apps.groupbuy.services import room_open, rooms, seats
from apps.invites.selectors import Brought
from apps.members.models import Member
from tests.makers import make_campaign, make_member, make_offer, now
from tests.races.test_rooms import hold, open_room_in
from tests.races.threads import Call, Gap, at_once, attempt, broken_promises

ONE_ROOM, ONE_SEAT = Terms(limits=Limits(rooms_hosted=1)), Terms(limits=Limits(open_at_once=1))


def host(terms: Terms, ann: Member) -> Call:
    """Ann opens a room of an offer with these terms, each time anew."""
    offer = make_offer(make_campaign(qualifying_act="room"), terms=terms)
    return lambda: room_open(offer=offer, member_id=ann.pk, brought=Brought(), now=now())


def sit(terms: Terms, bob: Member) -> tuple[Call, Call]:
    """Bob sits down in one of two rooms of an offer with these terms, or in the other."""
    offer = make_offer(make_campaign(qualifying_act="room"), size=3, terms=terms)
    one, other = open_room_in(offer), open_room_in(offer)
    return lambda: hold(one, bob), lambda: hold(other, bob)


def both(
    monkeypatch: pytest.MonkeyPatch, where: ModuleType, first: Call, second: Call
) -> tuple[Any, Any]:
    """The first has counted what the member has; before it takes more, the second comes."""
    gap = Gap(where.standing_of, second)
    monkeypatch.setattr(where, "standing_of", gap)
    return attempt(first), gap.outcome


def unlocked(member_id: int) -> None:
    """Instead of the member's lock."""


def test_one_room_of_two_opened_at_once(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    opens = host(ONE_ROOM, make_member("ann"))
    first, second = both(monkeypatch, rooms, opens, opens)
    assert isinstance(first, tuple)
    assert isinstance(second, LimitReached)


def test_one_seat_of_two_held_at_once(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = both(monkeypatch, seats, *sit(ONE_SEAT, make_member("bob")))
    assert isinstance(first, Seat)
    assert isinstance(second, LimitReached)


def test_one_room_of_many_opened_at_once(promised: None) -> None:
    opens = host(ONE_ROOM, make_member("ann"))
    outcomes = at_once(*[opens] * 8)
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 7
    assert Room.objects.count() == 1


def test_control_without_the_lock_a_member_hosts_too_many(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "member_lock", unlocked)
    opens = host(ONE_ROOM, make_member("ann"))
    first, second = both(monkeypatch, rooms, opens, opens)
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert broken_promises() == {7}


def test_control_without_the_lock_a_member_sits_in_too_many(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "member_lock", unlocked)
    first, second = both(monkeypatch, seats, *sit(ONE_SEAT, make_member("bob")))
    assert isinstance(first, Seat)
    assert isinstance(second, Seat)
    assert broken_promises() == {7}

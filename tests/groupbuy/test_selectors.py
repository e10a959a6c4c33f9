"""Rooms for phones are read in few queries, and a mark changes when and only when its room does."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.campaigns.models import Campaign
from apps.core import clock
from apps.groupbuy.models import Offer, OfferItem, RefundOrder, Room, Seat
from apps.groupbuy.selectors import (
    friends_of,
    listed_rooms,
    own_seats,
    room_marks,
    room_views,
)
from apps.groupbuy.services import room_cancel
from apps.groupbuy.streams.looking import look
from apps.members.models import Profile
from tests.makers import make_member, make_offer
from tests.pages.makers import make_room, make_shop_campaign, pay, take_seat


def queries(doing: Callable[[], object]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        doing()
    return len(captured)


def listed(offer: Offer, member_id: int) -> None:
    """All that an answer of the list needs."""
    found = listed_rooms(offer, friends=friends_of(member_id) | {member_id}, limit=50)
    rooms = [row.room for row in found]
    own_seats(rooms, member_id)
    for view in room_views(rooms, clock.engine_now()):
        assert view.state
        assert view.words
        assert view.host.nickname


def test_more_rooms_are_no_more_queries(db: None) -> None:
    offer = make_offer(make_shop_campaign(), size=5)
    bob = make_member("bob")
    make_room("ann", "cleo", offer=offer)
    few = queries(lambda: listed(offer, bob.pk))
    for number in range(12):
        make_room(f"host{number}", f"guest{number}", held=(f"late{number}",), offer=offer)
    assert queries(lambda: listed(offer, bob.pk)) == few
    assert few <= 9


def test_a_look_at_many_rooms_is_no_more_queries(committed: None) -> None:
    offer = make_offer(make_shop_campaign(), size=5)
    rooms = [make_room(f"host{number}", offer=offer).public_id for number in range(6)]
    both = frozenset({"json", "page"})

    def looked(many: int, mark: str = "") -> int:
        return queries(lambda: look(dict.fromkeys(rooms[:many], (mark, both))))

    assert looked(1) == looked(6) <= 6
    marks = {room: (mark.text, both) for room, mark in room_marks(rooms).items()}
    assert queries(lambda: look(marks)) == 2
    assert look(marks).changed == {}


def test_an_unknown_room_is_found_unknown(committed: None) -> None:
    found = look({"room_unknown": ("", frozenset({"json"}))})
    assert (found.changed, found.unknown) == ({}, frozenset({"room_unknown"}))


@pytest.fixture
def room(db: None) -> Room:
    return make_room("ann", "bob", size=4)


def mark(room: Room, member_id: int | None = None) -> str:
    return room_marks([room.public_id], member_id=member_id)[room.public_id].text


def test_whatever_changes_a_room_changes_its_mark(committed: None) -> None:
    """Committed: within one transaction a row's writer would stay the same."""
    room = make_room("ann", "bob", size=4)
    known = mark(room)
    assert mark(room) == known

    def changes(doing: Callable[[], object]) -> None:
        nonlocal known
        doing()
        now = mark(room)
        assert now != known
        known = now

    cleo = make_member("cleo")
    changes(lambda: take_seat(room, cleo))
    changes(lambda: pay(Seat.objects.get(member=cleo)))
    changes(lambda: Profile.objects.filter(member=cleo).update(nickname="Cleo II"))
    changes(lambda: Seat.objects.filter(member=cleo).update(order_id="other"))
    changes(lambda: Offer.objects.update(title="Black tea"))
    changes(lambda: OfferItem.objects.update(stock=3))  # sold out
    changes(lambda: OfferItem.objects.update(stock=1000))
    changes(lambda: Campaign.objects.update(status="paused"))
    changes(lambda: Room.objects.update(deadline_at=clock.now()))
    changes(lambda: room_cancel(room_id=room.pk, reason="recall"))
    assert room_marks([room.public_id])[room.public_id].is_over


def test_what_does_not_change_a_room_leaves_its_mark(committed: None) -> None:
    room = make_room("ann", "bob", size=4)
    known = mark(room)
    make_room("cleo", offer=room.offer)  # takes of the same stock
    assert mark(room) == known


def test_a_members_mark_knows_their_own_seat(committed: None) -> None:
    room = make_room("ann", "bob", size=4)
    dora, emma = make_member("dora"), make_member("emma")
    seat = take_seat(room, dora)
    Seat.objects.filter(pk=seat.pk).update(
        status="released", released="left", released_at=clock.now()
    )
    everybody, doras, emmas = mark(room), mark(room, dora.pk), mark(room, emma.pk)
    assert everybody == emmas != doras
    paid = Seat.objects.exclude(line=None)[0]
    RefundOrder.objects.create(
        line=paid.line,
        seat=seat,
        amount_minor=1,
        currency="CNY",
        why="too_late",
        ask_again_at=clock.now(),
    )
    assert mark(room) == everybody
    assert mark(room, dora.pk) != doras


def test_marks_keep_live_and_test_apart(room: Room) -> None:
    assert room_marks([room.public_id], is_test=True) == {}
    assert list(room_marks([room.public_id, "room_unknown"], is_test=False)) == [room.public_id]

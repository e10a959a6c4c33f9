"""Races of a seat held in one look and one write: what changes between the two, and under its lock."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.core.replies import Asked
from apps.groupbuy import services
from apps.groupbuy.models import Room, Seat
from apps.groupbuy.rules import Ask, Limits, Terms
from apps.groupbuy.services import holding, room_cancel
from apps.invites.models import Participant
from apps.invites.selectors import Brought
from apps.invites.services import admitting, campaign_join, campaign_link
from apps.invites.services import at_once as admission
from apps.members.models import Member
from tests.makers import make_campaign, make_member, make_offer, now
from tests.races.test_rooms import hold, open_room, open_room_in, seated
from tests.races.test_stock import make_scarce, stock
from tests.races.threads import Gap, at_once, attempt, broken_promises, each, without


@pytest.fixture(autouse=True)
def _statements_made_anew() -> Iterator[None]:
    """Controls change the parts of statements, which are put together once."""
    holding._steps.cache_clear()
    yield
    holding._steps.cache_clear()


def hold_at_once(room: Room, member: Member, code: str = "", key: str = "k") -> Any:
    """What a phone's request does, before it goes step by step."""
    return services.seat_hold_and_reply(
        room=room.public_id,
        is_test=False,
        member_id=member.pk,
        brought=Brought(code),
        now=now(),
        ask=Ask(),
        order_id="",
        reply=Asked((member.public_id, "POST", room.public_id, key), "same"),
        body=lambda held: {"id": held.id},
    )


def held(outcomes: list[Any]) -> int:
    assert not [o for o in outcomes if not isinstance(o, dict | None | IntegrityError)], outcomes
    return sum(isinstance(outcome, dict) for outcome in outcomes)


# The last seat.


def test_fifty_join_for_three_seats(promised: None) -> None:
    room = open_room(size=4)
    crowd = [make_member() for _ in range(50)]
    outcomes = at_once(*each(lambda member: hold_at_once(room, member), *crowd))
    assert held(outcomes) == 3
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert seated(room) == ["held", "held", "held", "paid"]


def behind(room: Room, bob: Member, cleo: Member) -> Any:
    """Cleo's request while bob's hold of the last seat is not committed yet."""
    with transaction.atomic():
        gap = Gap(lambda: hold(room, bob), lambda: hold_at_once(room, cleo))
        gap()
    return gap.outcome


def test_the_last_seat_is_looked_for_under_the_lock(promised: None) -> None:
    room = open_room()
    assert behind(room, make_member("bob"), make_member("cleo")) is None
    assert seated(room) == ["held", "paid"]


def test_control_without_the_lock_the_database_still_refuses(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_LOCK", "SELECT 1")
    room = open_room()
    assert isinstance(behind(room, make_member("bob"), make_member("cleo")), IntegrityError)
    assert seated(room) == ["held", "paid"]


def test_control_without_lock_and_unique_key_the_room_is_overfull(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_LOCK", "SELECT 1")
    with without("groupbuy_seat", "seat_position_once"):
        room = open_room()
        assert isinstance(behind(room, make_member("bob"), make_member("cleo")), dict)
        assert seated(room) == ["held", "held", "paid"]
        assert broken_promises() == {7}


# The last piece.


def test_forty_in_ten_rooms_for_seven_pieces(promised: None) -> None:
    offer, rooms = make_scarce(10, left=7)
    crowd = [(rooms[n % 10], make_member()) for n in range(40)]
    outcomes = at_once(*each(lambda pair: hold_at_once(*pair), *crowd))
    assert held(outcomes) == 7
    assert stock(offer) == (17, 7, 10)
    assert Participant.objects.count() == 17  # nobody came in for a seat they did not get


_STOCK_LEFT = re.compile(r"\s+AND item\.stock >= [^\n]+")


def last_piece_behind() -> Any:
    offer, (anns, doras) = make_scarce(2, left=1)
    bob, cleo = make_member("bob"), make_member("cleo")
    with transaction.atomic():
        gap = Gap(lambda: hold(anns, bob), lambda: hold_at_once(doras, cleo))
        gap()
    return offer, gap.outcome


def test_the_last_piece_goes_to_whoever_changes_the_row(promised: None) -> None:
    offer, cleos = last_piece_behind()
    assert isinstance(cleos, IntegrityError)
    assert stock(offer) == (3, 1, 2)


def test_control_without_the_condition_the_database_still_refuses(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_HOLD", _STOCK_LEFT.sub("", holding._HOLD))
    offer, cleos = last_piece_behind()
    assert isinstance(cleos, IntegrityError)
    assert stock(offer) == (3, 1, 2)


def test_control_without_condition_and_check_a_piece_is_sold_twice(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_HOLD", _STOCK_LEFT.sub("", holding._HOLD))
    with without("groupbuy_offeritem", "item_not_oversold"):
        offer, cleos = last_piece_behind()
        assert isinstance(cleos, dict)
        assert stock(offer) == (3, 2, 2)
        assert 8 in broken_promises()


# What one member may have.


def two_rooms_one_seat_each() -> tuple[list[Room], Member]:
    """Two rooms of an offer of which nobody may have more than one seat."""
    campaign = make_campaign(qualifying_act="room")
    offer = make_offer(campaign, size=5, terms=Terms(limits=Limits(seats=1)))
    rooms, bob = [open_room_in(offer) for _ in range(2)], make_member("bob")
    campaign_join(campaign=campaign, member_id=bob.pk, brought=Brought(), now=now())
    return rooms, bob


def in_both(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Bob has been counted for one room; before his seat is written he takes one in the other."""
    (anns, doras), bob = two_rooms_one_seat_each()
    step = Gap(holding._item_allowed, lambda: hold_at_once(doras, bob))
    monkeypatch.setattr(holding, "_item_allowed", step)
    return attempt(lambda: hold_at_once(anns, bob)), step.outcome


def test_a_limit_is_looked_at_again_under_the_members_lock(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = in_both(monkeypatch)
    assert (first, held([second])) == (None, 1)
    assert Seat.objects.filter(status="held").count() == 1


def test_control_without_the_second_look_the_limit_is_passed(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_STANDS", "")
    assert held(list(in_both(monkeypatch))) == 2
    assert Seat.objects.filter(status="held").count() == 2


def test_the_same_member_in_five_rooms_at_once_gets_their_limit(promised: None) -> None:
    campaign = make_campaign(qualifying_act="room")
    offer = make_offer(campaign, size=5, terms=Terms(limits=Limits(seats=2)))
    rooms, bob = [open_room_in(offer) for _ in range(5)], make_member("bob")
    at_once(*each(lambda room: hold_at_once(room, bob), *rooms))
    for room in rooms:
        attempt(lambda room=room: hold_at_once(room, bob, key="again"))
    assert Seat.objects.filter(member=bob, status="held").count() == 2


# Between the look and the write.


def after_the_look(
    monkeypatch: pytest.MonkeyPatch, meanwhile: Any, room: Room, member: Member, code: str = ""
) -> Any:
    monkeypatch.setattr(holding, "admission_foresee", Gap(admission.admission_foresee, meanwhile))
    return attempt(lambda: hold_at_once(room, member, code))


def test_a_room_that_is_cancelled_meanwhile(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = open_room(size=3)
    cancel = lambda: room_cancel(room_id=room.pk, reason="recall")  # noqa: E731
    assert after_the_look(monkeypatch, cancel, room, make_member("bob")) is None
    assert Participant.objects.count() == 1


def test_control_without_the_look_at_its_state_a_seat_in_a_cancelled_room(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_HOLD", holding._HOLD.replace("AND room.status = 'open'", ""))
    room = open_room(size=3)
    cancel = lambda: room_cancel(room_id=room.pk, reason="recall")  # noqa: E731
    assert isinstance(after_the_look(monkeypatch, cancel, room, make_member("bob")), dict)
    assert seated(room) == ["held"]
    assert broken_promises()


def test_the_same_member_in_two_rooms_comes_in_once(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer, (anns, doras) = make_scarce(2, left=2)
    bob = make_member("bob")
    outcome = after_the_look(monkeypatch, lambda: hold(doras, bob), anns, bob)
    assert isinstance(outcome, IntegrityError)  # step by step he is found to be in already
    assert stock(offer) == (4, 1, 2)


def test_twins_of_a_request_hold_one_seat(promised: None) -> None:
    room, bob = open_room(size=5), make_member("bob")
    outcomes = at_once(*each(lambda _n: hold_at_once(room, bob), *range(8)))
    assert held(outcomes) == 1
    assert seated(room) == ["held", "paid"]


# Below somebody who moves.


def below_a_moving_referrer(monkeypatch: pytest.MonkeyPatch) -> Participant:
    """Bob is on his way below ann; before he has arrived, cleo takes a seat by bob's link."""
    room = open_room_in(make_offer(make_campaign(qualifying_act="room"), size=5))
    campaign = room.offer.campaign
    ann, bob, cleo = (make_member() for _ in range(3))
    anns, bobs = (
        campaign_link(campaign=campaign, member_id=one.pk, brought=Brought(), now=now())[0].code
        for one in (ann, bob)
    )
    gap = Gap(admitting._keep_trace, lambda: hold_at_once(room, cleo, bobs))
    monkeypatch.setattr(admitting, "_keep_trace", gap)
    campaign_join(campaign=campaign, member_id=bob.pk, brought=Brought(anns), now=now())
    assert isinstance(gap.outcome, dict), gap.outcome
    return Participant.objects.get(member=cleo)


def test_a_newcomer_below_a_moving_referrer_waits_for_them(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert below_a_moving_referrer(monkeypatch).generation == 2


def test_control_without_the_key_share_lock_a_generation_is_stale(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked = admission._BELOW.replace("FOR KEY SHARE OF referrer", "")
    monkeypatch.setattr(admission, "_BELOW", unlocked)
    assert below_a_moving_referrer(monkeypatch).generation == 1
    assert broken_promises() == {9}

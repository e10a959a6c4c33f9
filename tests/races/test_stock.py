"""Races for the last piece of an offer's stock, over many of its rooms."""

import sys
from types import ModuleType
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import F

from apps.groupbuy.errors import StockSpent
from apps.groupbuy.models import Offer, OfferItem, Room, Seat
from apps.groupbuy.services import seats
from tests.makers import make_campaign, make_member, make_offer
from tests.races.test_rooms import hold, open_room_in
from tests.races.threads import Gap, at_once, attempt, broken_promises, each, without

HERE = sys.modules[__name__]
ROOMS = 10


def make_scarce(rooms: int, *, left: int) -> tuple[Offer, list[Room]]:
    """Open rooms of one offer, whose hosts left so many pieces for all of them together."""
    offer = make_offer(make_campaign(qualifying_act="room"), size=5, stock=rooms + left)
    return offer, [open_room_in(offer) for _ in range(rooms)]


def stock(offer: Offer) -> tuple[int, int, int]:
    """(stock, held, sold)."""
    return offer.items.values_list("stock", "held", "sold").get()


def test_forty_in_ten_rooms_for_seven_pieces(promised: None) -> None:
    offer, rooms = make_scarce(ROOMS, left=7)
    crowd = [(rooms[n % ROOMS], make_member()) for n in range(40)]
    outcomes = at_once(*each(lambda pair: hold(*pair), *crowd))
    assert sum(isinstance(outcome, Seat) for outcome in outcomes) == 7
    assert sum(isinstance(outcome, StockSpent) for outcome in outcomes) == 33
    assert stock(offer) == (ROOMS + 7, 7, ROOMS)


def hold_after_looking(*, item_id: int, quantity: int) -> None:
    """What stock_hold must not be: a look, and then a change."""
    seen = OfferItem.objects.get(pk=item_id)
    fits = seen.stock >= seen.held + seen.sold + quantity
    look()
    if not fits:
        raise StockSpent()
    OfferItem.objects.filter(pk=item_id).update(held=F("held") + quantity)


def look() -> None:
    """The gap between the look and the change."""


def two_for_the_last_piece(
    monkeypatch: pytest.MonkeyPatch, where: ModuleType, step: str
) -> tuple[Offer, Any, Any]:
    """Bob sits down in one room; after `step`, cleo comes by in another."""
    offer, (anns, doras) = make_scarce(2, left=1)
    bob, cleo = make_member("bob"), make_member("cleo")
    gap = Gap(getattr(where, step), lambda: hold(doras, cleo))
    monkeypatch.setattr(where, step, gap)
    return offer, attempt(lambda: hold(anns, bob)), gap.outcome


def test_the_last_piece_goes_to_whoever_changes_the_row(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer, bobs, cleos = two_for_the_last_piece(monkeypatch, seats, "stock_hold")
    assert isinstance(bobs, Seat)
    assert isinstance(cleos, StockSpent)
    assert stock(offer) == (3, 1, 2)


def test_control_with_a_look_first_the_database_still_refuses(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "stock_hold", hold_after_looking)
    offer, bobs, cleos = two_for_the_last_piece(monkeypatch, HERE, "look")
    assert isinstance(cleos, Seat)
    assert isinstance(bobs, IntegrityError)
    assert stock(offer) == (3, 1, 2)


def test_control_with_a_look_first_and_no_check_it_is_oversold(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "stock_hold", hold_after_looking)
    with without("groupbuy_offeritem", "item_not_oversold"):
        offer, bobs, cleos = two_for_the_last_piece(monkeypatch, HERE, "look")
        assert isinstance(bobs, Seat)
        assert isinstance(cleos, Seat)
        assert stock(offer) == (3, 2, 2)
        assert broken_promises() == {8}

"""Many at the shelf at once. Each race comes with its control, where the promise breaks."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError

from apps.obligations import services as obligations
from apps.obligations.models import FulfilmentQuerySet
from apps.points.services import NotEnoughPoints
from apps.shelf import rules, services
from apps.shelf.models import Exchange, ExchangeQuerySet, ShelfItem, ShelfItemQuerySet
from tests.races.threads import Gap, at_once, attempt, without, without_row_locks
from tests.shelf.makers import (
    NOW,
    broken_promises,
    cancel,
    exchange,
    make_coupon,
    make_gift,
    make_member,
    points_of,
)

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def promises() -> Iterator[None]:
    yield
    assert broken_promises() == []


def last_one(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Ann and bob both want the last one; bob comes while ann is between reading and taking."""
    ann, bob, pot = make_member(100), make_member(100), make_gift(stock=1)
    gap = Gap(rules.free_slot, lambda: exchange(pot, bob))
    monkeypatch.setattr(rules, "free_slot", gap)
    return [attempt(lambda: exchange(pot, ann)), gap.outcome]


def test_the_last_one_goes_to_one(promises: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob = last_one(monkeypatch)
    assert ann.status == "done"
    assert isinstance(bob, services.ItemSoldOut)


def test_without_the_lock_the_condition_holds(
    promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    ann, bob = last_one(monkeypatch)
    assert isinstance(ann, services.ItemSoldOut)
    assert bob.status == "done"


def test_control_without_condition_the_check_refuses(
    promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShelfItemQuerySet, "in_stock", lambda rows: rows.all())
    ann, bob = last_one(monkeypatch)
    assert ann.status == "done"
    assert isinstance(bob, IntegrityError)


def test_control_without_condition_and_check_it_is_oversold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ShelfItemQuerySet, "in_stock", lambda rows: rows.all())
    with without("shelf_shelfitem", "shelf_sold_within_stock"):
        last_one(monkeypatch)
        assert ShelfItem.objects.get().sold == 2
        assert broken_promises() != []


def test_twenty_want_the_last_three(promises: None) -> None:
    pot = make_gift(stock=3)
    members = [make_member(100) for _ in range(20)]
    outcomes = at_once(*(lambda member=member: exchange(pot, member) for member in members))
    assert sum(isinstance(made, Exchange) for made in outcomes) == 3
    assert {type(made) for made in outcomes} == {Exchange, services.ItemSoldOut}
    assert sum(points_of(member) for member in members) == 1700


def twice_of_one(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Ann, who may have one, asks on two phones."""
    ann, pot = make_member(500), make_gift(per_member=1)
    gap = Gap(rules.free_slot, lambda: exchange(pot, ann))
    monkeypatch.setattr(rules, "free_slot", gap)
    return [attempt(lambda: exchange(pot, ann)), gap.outcome]


def test_a_member_has_as_many_as_one_may(promises: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = twice_of_one(monkeypatch)
    assert first.status == "done"
    assert isinstance(second, services.ExchangeLimitReached)


def test_control_without_the_lock_the_unique_key_refuses(
    promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    first, second = twice_of_one(monkeypatch)
    assert isinstance(first, IntegrityError)
    assert second.status == "done"


def test_control_without_lock_and_key_a_member_has_two(monkeypatch: pytest.MonkeyPatch) -> None:
    without_row_locks(monkeypatch)
    with without("shelf_exchange", "exchange_slot_once"):
        twice_of_one(monkeypatch)
        assert Exchange.objects.done().count() == 2


def test_ten_taps_of_one_member(promises: None) -> None:
    ann, pot = make_member(500), make_gift(per_member=2)
    outcomes = at_once(*[lambda: exchange(pot, ann)] * 10)
    assert sum(isinstance(made, Exchange) for made in outcomes) == 2
    assert points_of(ann) == 300


def test_one_key_ten_times_at_once_is_one_exchange(promises: None) -> None:
    ann, pot = make_member(500), make_gift()
    outcomes = at_once(*[lambda: exchange(pot, ann, "k")] * 10)
    assert len({made.pk for made in outcomes}) == 1
    assert points_of(ann) == 400


def test_points_for_three_and_ten_wishes(promises: None) -> None:
    ann = make_member(300)
    wishes = [make_gift() for _ in range(5)] + [make_coupon() for _ in range(5)]
    outcomes = at_once(*(lambda item=item: exchange(item, ann) for item in wishes))
    assert sum(isinstance(made, Exchange) for made in outcomes) == 3
    assert {type(made) for made in outcomes} == {Exchange, NotEnoughPoints}
    assert points_of(ann) == 0


def cancel_and_confirm(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The shop hands the gift over while its exchange is between cancelled and withdrawn."""
    ann = make_member(100)
    made = exchange(make_gift(), ann)

    def hand_over() -> Any:
        return obligations.fulfilment_confirm(
            public_id=made.fulfilment, is_test=False, note="", now=NOW
        )

    gap = Gap(services._lock, hand_over)
    monkeypatch.setattr(services, "_lock", gap)
    return [attempt(lambda: cancel(made)), gap.outcome, points_of(ann)]


def test_a_gift_is_either_handed_over_or_cancelled(
    promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled, confirmed, points = cancel_and_confirm(monkeypatch)
    assert isinstance(cancelled, services.ExchangeUsed)
    assert confirmed.status == "confirmed"
    assert points == 0
    assert Exchange.objects.get().status == "done"


def test_control_without_condition_and_trigger_she_has_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FulfilmentQuerySet, "unconfirmed", lambda rows: rows.all())
    with (
        without("obligations_fulfilment", "fulfilment_resolved_is_final"),
        without("obligations_fulfilment", "fulfilment_stamped_as_it_says"),
    ):
        cancelled, confirmed, points = cancel_and_confirm(monkeypatch)
        assert confirmed.status == "confirmed"
        assert cancelled.status == "cancelled"
        assert points == 100


def test_a_gift_is_confirmed_and_cancelled_at_once(promises: None) -> None:
    for _ in range(5):
        ann = make_member(100)
        made = exchange(make_gift(), ann)
        cancelled, confirmed = at_once(
            lambda made=made: cancel(made),
            lambda made=made: obligations.fulfilment_confirm(
                public_id=made.fulfilment, is_test=False, note="", now=NOW
            ),
        )
        won = isinstance(cancelled, Exchange)
        assert isinstance(confirmed, Exception) is won
        assert points_of(ann) == (100 if won else 0)


def cancel_twice(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    ann, pot = make_member(100), make_gift()
    made = exchange(pot, ann)
    exchange(pot, make_member(100))
    gap = Gap(services._lock, lambda: cancel(made))
    monkeypatch.setattr(services, "_lock", gap)
    return [attempt(lambda: cancel(made)), gap.outcome, points_of(ann)]


def test_cancelled_twice_at_once_gives_back_once(
    promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, points = cancel_twice(monkeypatch)
    assert {first.status, second.status} == {"cancelled"}
    assert points == 100
    assert ShelfItem.objects.get().sold == 1


def test_control_without_lock_and_condition_stock_comes_back_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_row_locks(monkeypatch)
    monkeypatch.setattr(ExchangeQuerySet, "done", lambda rows: rows.all())
    cancel_twice(monkeypatch)
    assert ShelfItem.objects.get().sold == 0
    assert broken_promises() != []

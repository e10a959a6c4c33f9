"""Points for what is on the shelf, and back."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from django.db import IntegrityError, transaction

from apps.core import services as core
from apps.core.errors import Conflict
from apps.core.models import Event
from apps.coupons.models import Coupon
from apps.coupons.services import coupon_redeem
from apps.obligations import services as obligations
from apps.obligations.models import Fulfilment
from apps.points.services import NotEnoughPoints
from apps.shelf import services
from apps.shelf.models import Exchange, ShelfItem
from apps.shelf.selectors import ExchangeUnknown, ItemUnknown
from tests.shelf.makers import (
    NOW,
    broken_promises,
    cancel,
    earn,
    exchange,
    make_coupon,
    make_gift,
    make_member,
    make_template,
    points_of,
)


@pytest.fixture(autouse=True)
def promises(db: None) -> Iterator[None]:
    yield
    assert broken_promises() == []


def refused(error: type[Exception], call: Callable[[], object]) -> None:
    with pytest.raises(error), transaction.atomic():
        call()


def handed_over(made: Exchange) -> None:
    obligations.fulfilment_confirm(public_id=made.fulfilment, is_test=False, note="", now=NOW)


def told() -> list[str]:
    kinds = Event.objects.filter(kind__startswith="exchange").order_by("pk")
    return list(kinds.values_list("kind", flat=True))


def test_ann_gets_a_gift_for_points() -> None:
    ann, pot = make_member(250), make_gift(stock=3)
    made = exchange(pot, ann)
    assert (made.points, made.status, points_of(ann)) == (100, "done", 150)
    gift = Fulfilment.objects.get(public_id=made.fulfilment)
    assert (gift.gift, gift.status, gift.member) == ("A tea pot", "requested", ann)
    pot.refresh_from_db()
    assert (pot.sold, pot.left) == (1, 2)
    assert told() == ["exchange.made"]


def test_ann_gets_a_coupon_for_points() -> None:
    ann = make_member(100)
    made = exchange(make_coupon(), ann)
    coupon = Coupon.objects.get(public_id=made.coupon)
    assert (coupon.status, coupon.member, coupon.reference) == ("issued", ann, made.public_id)
    assert points_of(ann) == 0


@pytest.mark.parametrize("make", [make_gift, make_coupon])
def test_cancelling_gives_everything_back(make: Callable[..., ShelfItem]) -> None:
    ann, item = make_member(100), make(stock=1, per_member=1)
    made = exchange(item, ann)
    for _ in range(2):
        assert cancel(made).status == "cancelled"
    assert points_of(ann) == 100
    assert set(Coupon.objects.values_list("status", flat=True)) <= {"revoked"}
    assert set(Fulfilment.objects.values_list("status", flat=True)) <= {"cancelled"}
    item.refresh_from_db()
    assert item.sold == 0
    assert told() == ["exchange.made", "exchange.cancelled"]
    exchange(item, ann)
    assert points_of(ann) == 0


def test_points_return_with_their_old_expiry() -> None:
    ann, pot = make_member(), make_gift()
    soon = NOW + dt.timedelta(days=3650)
    earn(ann, 60, expires_at=soon)
    earn(ann, 60)
    before = lots(ann.pk)
    cancel(exchange(pot, ann))
    assert lots(ann.pk) == before


def lots(member_id: int) -> dict[object, int]:
    from django.db.models import Sum

    from apps.points.models import Lot

    rows = Lot.objects.open().filter(account__member=member_id)
    return dict(rows.values_list("expires_at").annotate(Sum("remaining")))


def test_too_few_points_change_nothing() -> None:
    ann, pot = make_member(99), make_gift(stock=1)
    refused(NotEnoughPoints, lambda: exchange(pot, ann))
    pot.refresh_from_db()
    assert (pot.sold, points_of(ann)) == (0, 99)
    assert not Fulfilment.objects.exists()
    assert not Exchange.objects.exists()


def test_what_is_gone_is_gone() -> None:
    ann, bob, pot = make_member(100), make_member(100), make_gift(stock=1)
    exchange(pot, ann)
    refused(services.ItemSoldOut, lambda: exchange(pot, bob))
    assert points_of(bob) == 100


def test_one_has_no_more_than_one_may() -> None:
    ann, pot = make_member(500), make_gift(per_member=2)
    first, _ = exchange(pot, ann), exchange(pot, ann)
    refused(services.ExchangeLimitReached, lambda: exchange(pot, ann))
    cancel(first)
    exchange(pot, ann)
    assert points_of(ann) == 300


@pytest.mark.parametrize(
    "given",
    [
        {"is_active": False},
        {"starts_at": NOW + dt.timedelta(days=3650)},
        {"ends_at": NOW - dt.timedelta(days=3650)},
    ],
    ids=["taken off", "not begun", "over"],
)
def test_what_is_not_on_the_shelf_cannot_be_had(given: dict[str, object]) -> None:
    refused(services.ItemNotOffered, lambda: exchange(make_gift(**given), make_member(100)))


def test_test_mode_and_live_are_two_shelves() -> None:
    pot = make_gift(is_test=True)
    refused(ItemUnknown, lambda: exchange(pot, make_member(100)))
    made = exchange(pot, make_member(100, is_test=True))
    assert made.status == "done"
    refused(
        ExchangeUnknown,
        lambda: services.exchange_cancel(public_id=made.public_id, is_test=False, now=NOW),
    )


def test_the_same_key_again_is_the_same_exchange() -> None:
    ann, pot = make_member(300), make_gift()
    assert exchange(pot, ann, "k") == exchange(pot, ann, "k")
    assert points_of(ann) == 200
    refused(services.ExchangeConflict, lambda: exchange(make_gift(), ann, "k"))
    refused(services.ExchangeConflict, lambda: exchange(pot, make_member(100), "k"))


def test_a_gift_that_was_handed_over_stays() -> None:
    ann = make_member(100)
    made = exchange(make_gift(), ann)
    handed_over(made)
    refused(services.ExchangeUsed, lambda: cancel(made))
    made.refresh_from_db()
    assert (made.status, points_of(ann)) == ("done", 0)


def test_a_coupon_that_was_used_stays() -> None:
    ann = make_member(100)
    made = exchange(make_coupon(), ann)
    code = Coupon.objects.get(public_id=made.coupon).code
    coupon_redeem(code=code, member_id=ann.pk, order_id="o1", is_test=False, now=NOW)
    refused(services.ExchangeUsed, lambda: cancel(made))
    assert points_of(ann) == 0


def test_no_coupon_no_points() -> None:
    ann, bob = make_member(100), make_member(100)
    item = make_coupon(make_template(issue_cap=1))
    exchange(item, ann)
    refused(Conflict, lambda: exchange(item, bob))
    assert points_of(bob) == 100


def test_a_gift_the_shop_cannot_have_gives_the_points_back() -> None:
    ann, pot = make_member(100), make_gift(stock=1)
    made = exchange(pot, ann)
    obligations.fulfilment_cancel(public_id=made.fulfilment, is_test=False, note="broken", now=NOW)
    made.refresh_from_db()
    assert made.status == "done"
    for event in Event.objects.filter(kind="fulfilment.cancelled"):
        run_subscribers(event)
        run_subscribers(event)
    made.refresh_from_db()
    assert (made.status, points_of(ann)) == ("cancelled", 100)


def run_subscribers(event: Event) -> None:
    for subscriber in core.subscribers_of(event.kind):
        subscriber(event)


def test_a_gift_of_somebody_else_moves_no_exchange() -> None:
    ann = make_member(100)
    made = exchange(make_gift(), ann)
    obligations.fulfilment_promise(
        member_id=ann.pk,
        gift="Another",
        quantity=1,
        key="g1",
        reference=made.public_id,
        now=NOW,
    )
    obligations.fulfilment_withdraw(key="g1", now=NOW)
    run_subscribers(Event.objects.get(kind="fulfilment.cancelled"))
    assert Exchange.objects.get().status == "done"


@pytest.mark.parametrize(
    "change",
    [
        {"sold": 4},
        {"points": 0},
        {"gift": ""},
        {"template": "tpl_x"},
        {"per_member": 0},
        {"starts_at": NOW, "ends_at": NOW},
    ],
)
def test_the_database_refuses_what_cannot_be(change: dict[str, object]) -> None:
    make_gift(stock=3)
    with pytest.raises(IntegrityError), transaction.atomic():
        ShelfItem.objects.update(**change)

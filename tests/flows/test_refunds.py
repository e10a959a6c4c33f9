"""Refunds in part and in full, cancelling, and reports in any order, each once."""

from typing import Any

import pytest

from apps.groupbuy.models import OfferItem
from apps.orders.models import Order, Refund
from tests.flows.client import PRICE, Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign, make_offer

LINES = [
    {"line_id": "tea", "sku": "tea", "amount_minor": 6000},
    {"line_id": "cup", "sku": "cup", "amount_minor": 3000},
]


@pytest.fixture
def order(shop: Shop, ann: Phone) -> str:
    """An order of tea for 60.00 and a cup for 30.00, with 10.00 of shipping."""
    return shop.paid(ann, lines=LINES, paid_minor=10000)


def refunded() -> tuple[int, dict[str, int]]:
    """What was refunded of the order, and of its lines."""
    order = Order.objects.get()
    return order.refunded_minor, dict(order.lines.values_list("line_id", "refunded_minor"))


def test_lines_and_amounts_add_up_to_the_whole(shop: Shop, order: str) -> None:
    parts: list[dict[str, Any]] = [
        {"lines": [{"line_id": "tea", "amount_minor": 1500}]},
        {"lines": [{"line_id": "tea"}]},
        {"amount_minor": 500},
        {"lines": [{"line_id": "cup", "amount_minor": 1000}, {"line_id": "cup"}]},
        {},
    ]
    taken = [
        accepted(shop.refund(order, f"r{number}", **part))["applied_minor"]
        for number, part in enumerate(parts)
    ]
    assert taken == [1500, 4500, 500, 3000, 500]
    assert refunded() == (10000, {"tea": 6000, "cup": 3000})
    assert accepted(shop.refund(order, "more"))["applied_minor"] == 0


def test_all_that_is_left_of_lines_never_exceeds_what_is_left_of_the_order(
    shop: Shop, order: str
) -> None:
    accepted(shop.refund(order, "r1", amount_minor=7000))
    both = [{"line_id": "tea"}, {"line_id": "cup"}]
    assert accepted(shop.refund(order, "r2", lines=both))["applied_minor"] == 3000
    assert refunded() == (10000, {"tea": 6000, "cup": 3000})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"amount_minor": 10001}, "/amount_minor"),
        ({"lines": [{"line_id": "tea", "amount_minor": 6001}]}, "/lines"),
        ({"lines": [{"line_id": "tea"}, {"line_id": "tea", "amount_minor": 1}]}, "/lines"),
    ],
)
def test_too_large_a_refund(shop: Shop, order: str, body: dict[str, Any], pointer: str) -> None:
    assert_refused(shop.refund(order, **body), 409, "refund_exceeds_paid", pointer)
    assert refunded() == (0, {"tea": 0, "cup": 0})
    assert not Refund.objects.exists()


def test_lines_that_exceed_what_is_left_of_the_order_are_blamed(shop: Shop, order: str) -> None:
    accepted(shop.refund(order, "r1", amount_minor=9000))
    more = shop.refund(order, "r2", lines=[{"line_id": "tea", "amount_minor": 2000}])
    assert_refused(more, 409, "refund_exceeds_paid", "/lines")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"lines": [{"line_id": "milk"}]}, "/lines"),
        ({"amount_minor": 1, "lines": [{"line_id": "tea"}]}, "/amount_minor"),
        ({"amount_minor": 0}, "/amount_minor"),
        ({"amount_minor": "x"}, "/amount_minor"),
        ({"lines": []}, "/lines"),
        ({"lines": [{"line_id": "tea", "amount_minor": 0}]}, "/lines/0/amount_minor"),
        ({"occurred_at": "yesterday"}, "/occurred_at"),
    ],
)
def test_a_refund_that_cannot_be_meant(
    shop: Shop, order: str, body: dict[str, Any], pointer: str
) -> None:
    refused = shop.refund(order, **body)
    assert refused.status_code == 422, refused.text
    assert [entry["pointer"] for entry in refused.json()["errors"]] == [pointer]
    assert refunded()[0] == 0


def test_the_same_refund_again_changes_nothing(shop: Shop, order: str) -> None:
    first = accepted(shop.refund(order, amount_minor=1000))
    assert accepted(shop.refund(order, amount_minor=1000)) == first
    assert refunded()[0] == 1000
    assert_refused(shop.refund(order, amount_minor=2000), 409, "refund_conflict")
    assert refunded()[0] == 1000


def test_the_same_order_again_changes_nothing(shop: Shop, ann: Phone) -> None:
    body = shop.report("o1", ann)
    first = accepted(shop.post("/orders", body))
    accepted(shop.refund("o1", amount_minor=100))
    again = accepted(shop.post("/orders", body))
    assert again == {**first, "refunded_minor": 100, "status": "partly_refunded"}
    changed = {**body, "paid_minor": PRICE + 1}
    assert_refused(shop.post("/orders", changed), 409, "order_conflict")
    assert_refused(shop.post("/orders", {**body, "currency": "USD"}), 409, "order_conflict")
    assert Order.objects.get().paid_minor == PRICE


def test_orders_are_numbered_and_cancelling_never_renumbers(shop: Shop, ann: Phone) -> None:
    assert accepted(shop.order("o1", ann))["nth"] == 1
    accepted(shop.cancel("o1"))
    assert accepted(shop.order("o2", ann))["nth"] == 2


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"paid_minor": PRICE - 1}, "/paid_minor"),
        ({"paid_minor": -1}, "/paid_minor"),
        ({"paid_minor": 10**16}, "/paid_minor"),
        ({"paid_minor": 1.5}, "/paid_minor"),
        ({"currency": "yuan"}, "/currency"),
        ({"lines": []}, "/lines"),
        ({"occurred_at": "9999-12-31T23:59:59Z"}, "/occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00Z"}, "/occurred_at"),
        ({"lines": LINES[:1] * 2}, "/lines"),
        ({"order_id": ""}, "/order_id"),
    ],
)
def test_an_order_that_cannot_be_meant(
    shop: Shop, ann: Phone, fields: dict[str, Any], pointer: str
) -> None:
    body = {**shop.report("o1", ann), **fields}
    refused = shop.post("/orders", body)
    assert_refused(refused, 422, "invalid", pointer)
    assert not Order.objects.exists()


def test_an_order_of_a_stranger(shop: Shop, ann: Phone) -> None:
    body = {**shop.report("o1", ann), "member": "nobody"}
    assert_refused(shop.post("/orders", body), 404, "member_unknown", "/member")


def test_a_bad_code_never_costs_a_paid_order(shop: Shop, ann: Phone) -> None:
    campaign = make_campaign(enrolment="everyone").public_id
    unknown = accepted(shop.order("o1", ann, code="nosuchcode"))
    assert [(row["pointer"], row["code"]) for row in unknown["ignored"]] == [
        ("/code", "link_unknown")
    ]
    own = accepted(shop.order("o2", ann, code=ann.link(campaign)))
    assert [(row["pointer"], row["code"]) for row in own["ignored"]] == [("/code", "own_code")]
    assert unknown["campaigns"] == own["campaigns"] == [campaign]
    assert accepted(shop.order("o3", ann))["ignored"] == []


def test_a_refund_before_its_order_waits_for_it(shop: Shop, ann: Phone) -> None:
    room, seat = ann.open_room(make_offer(make_campaign()).public_id)
    early = accepted(shop.refund("o1"))
    assert (early["status"], early["applied_minor"]) == ("waiting_for_order", 0)
    assert accepted(shop.refund("o1")) == early
    order = accepted(shop.order("o1", ann, seat=seat))
    assert (order["status"], order["refunded_minor"]) == ("refunded", PRICE)
    assert [row["outcome"] for row in order["seats"]] == ["refunded"]
    assert shop.room(room)["status"] == "pending"
    assert order["campaigns"] == []
    applied = accepted(shop.refund("o1"))
    assert (applied["status"], applied["applied_minor"]) == ("applied", PRICE)


def test_a_refund_in_part_before_its_order(shop: Shop, ann: Phone) -> None:
    accepted(shop.refund("o1", "r1", lines=[{"line_id": "tea", "amount_minor": 99999}]))
    accepted(shop.refund("o1", "r2", lines=[{"line_id": "milk"}]))
    accepted(shop.refund("o1", "r3", amount_minor=99999))
    order = accepted(shop.order("o1", ann, lines=LINES))
    assert order["refunded_minor"] == 9000
    assert list(Refund.objects.order_by("pk").values_list("applied_minor", flat=True)) == [
        6000,
        0,
        3000,
    ]


def test_a_refunded_line_with_an_unknown_seat(shop: Shop, ann: Phone) -> None:
    accepted(shop.refund("o1"))
    refused = shop.order("o1", ann, seat="seat_unknown")
    assert_refused(refused, 404, "seat_unknown", "/lines/0/seat")
    assert not Order.objects.exists()


def test_cancelling_an_unpaid_order_releases_its_seats(shop: Shop, ann: Phone, bob: Phone) -> None:
    offer = make_offer(make_campaign(), size=2).public_id
    room, seat = ann.open_room(offer)
    shop.paid(ann, seat)
    held = bob.seat(room, order_id="o1")
    cancelled = accepted(shop.cancel("o1"))
    assert cancelled["status"] == "waiting_for_order"
    assert shop.seat(held)["released"] == "order_cancelled"
    assert shop.room(room)["held"] == 0
    assert OfferItem.objects.get().held == 0
    # If the payment comes all the same, the cancelled order takes nothing.
    late = accepted(shop.order("o1", bob, seat=held))
    assert (late["status"], late["seats"][0]["outcome"]) == ("refunded", "refunded")
    assert shop.room(room)["paid"] == 1


def test_cancelling_a_paid_order_is_a_full_refund(shop: Shop, ann: Phone, bob: Phone) -> None:
    room, seat = ann.open_room(make_offer(make_campaign()).public_id)
    shop.paid(ann, seat)
    order = shop.paid(bob, bob.seat(room))
    assert shop.room(room)["status"] == "completed"
    for _ in range(2):
        cancelled = accepted(shop.cancel(order))
        assert (cancelled["status"], cancelled["applied_minor"]) == ("applied", PRICE)
    assert shop.room(room)["paid"] == 1


def test_a_part_of_the_price_does_not_free_the_seat(shop: Shop, ann: Phone, bob: Phone) -> None:
    room, seat = ann.open_room(make_offer(make_campaign(), size=3).public_id)
    shop.paid(ann, seat)
    order = shop.paid(bob, bob.seat(room))
    accepted(shop.refund(order, "r1", lines=[{"line_id": "1", "amount_minor": 4000}]))
    assert shop.room(room)["paid"] == 2
    accepted(shop.refund(order, "r2", lines=[{"line_id": "1", "amount_minor": 900}]))
    assert shop.room(room)["paid"] == 1


def test_fulfilment_is_noted_once(shop: Shop, order: str) -> None:
    accepted(shop.post(f"/orders/{order}/fulfil"), 200)
    first = Order.objects.get().fulfilled_at
    accepted(shop.post(f"/orders/{order}/fulfil"), 200)
    assert first is not None
    assert Order.objects.get().fulfilled_at == first

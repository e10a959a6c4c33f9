"""A retry never doubles anything."""

from apps.core.models import IdempotentReply
from apps.groupbuy.models import Room
from apps.orders.models import Order
from tests.flows.client import Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign, make_offer


def test_the_key_is_required(shop: Shop, ann: Phone) -> None:
    campaign = make_campaign().public_id
    for caller, path in (
        (ann, f"/campaigns/{campaign}/join"),
        (ann, "/me/touches"),
        (shop, "/orders"),
        (shop, "/client-tokens"),
        (shop, "/orders/o1/cancel"),
        (shop, "/refund-orders/rfo_1/confirm"),
    ):
        assert_refused(caller.post(path, key=""), 400, "idempotency_key_missing")
    too_long = ann.post(f"/campaigns/{campaign}/join", key="k" * 256)
    assert_refused(too_long, 422, "invalid")


def test_a_public_door_does_without(shop: Shop, ann: Phone) -> None:
    code = ann.link(make_campaign().public_id)
    passer_by = Shop(shop._http)
    first = accepted(passer_by.post("/visits", {"code": code}, key=""))
    second = accepted(passer_by.post("/visits", {"code": code}, key=""))
    assert first["visit_token"] != second["visit_token"]
    third = accepted(passer_by.post("/visits", {"code": code}, key="tap"))
    assert accepted(passer_by.post("/visits", {"code": code}, key="tap")) == third


def test_a_repeat_is_answered_from_the_first(shop: Shop, ann: Phone) -> None:
    offer = make_offer(make_campaign()).public_id
    first = ann.post(f"/offers/{offer}/rooms", key="k1")
    again = ann.post(f"/offers/{offer}/rooms", key="k1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert Room.objects.count() == 1


def test_another_body_under_the_key_is_refused(shop: Shop, ann: Phone) -> None:
    body = shop.report("o1", ann)
    accepted(shop.post("/orders", body, key="k1"))
    reused = shop.post("/orders", {**body, "order_id": "o2"}, key="k1")
    assert_refused(reused, 422, "idempotency_key_reused")
    assert Order.objects.count() == 1


def test_a_key_belongs_to_its_caller_and_path(shop: Shop, ann: Phone, bob: Phone) -> None:
    offer = make_offer(make_campaign()).public_id
    for phone in (ann, bob):
        accepted(phone.post(f"/offers/{offer}/rooms", key="k1"))
    assert Room.objects.count() == 2
    accepted(shop.post("/orders/o1/cancel", key="k1"))
    assert "idempotent-replayed" not in shop.post("/orders/o2/cancel", key="k1").headers


def test_a_refusal_is_not_kept(shop: Shop, ann: Phone, bob: Phone) -> None:
    offer = make_offer(make_campaign(), stock=1).public_id
    room, seat = ann.open_room(offer)
    refused = bob.post(f"/offers/{offer}/rooms", key="k1")
    assert_refused(refused, 409, "stock_spent")
    accepted(ann.ask("DELETE", f"/seats/{seat}"), 204)
    accepted(bob.post(f"/offers/{offer}/rooms", key="k1"))
    assert Room.objects.exclude(public_id=room).count() == 1


def test_a_token_is_never_kept(shop: Shop, ann: Phone) -> None:
    accepted(shop.post("/client-tokens", {"external_id": "ann"}, key="k1"))
    accepted(shop.post("/client-tokens", {"external_id": "ann"}, key="k1"))
    assert not IdempotentReply.objects.exists()


def test_a_long_path_is_remembered_too(shop: Shop) -> None:
    order = "汉" * 100
    first = accepted(shop.post(f"/orders/{order}/cancel", key="k1"))
    again = shop.post(f"/orders/{order}/cancel", key="k1")
    assert accepted(again) == first
    assert again.headers["idempotent-replayed"] == "true"

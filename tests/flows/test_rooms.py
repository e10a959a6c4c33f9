"""Seats and rooms: full ones, expired holds, deadlines, and payments that come too late."""

from collections.abc import Callable

import pytest

from apps.campaigns.models import Campaign
from apps.groupbuy.models import Offer, OfferItem, Seat
from apps.groupbuy.services import room_cancel
from apps.orders.models import Order
from tests.flows.client import PRICE, Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign, make_offer

Drain = Callable[[], None]
MoveClock = Callable[[float], None]

TTL, DURATION = 600, 3600


@pytest.fixture
def campaign(shop: Shop) -> Campaign:
    return make_campaign(qualifying_act="room")


@pytest.fixture
def offer(campaign: Campaign) -> Offer:
    """Rooms of three for an hour; a hold lives ten minutes."""
    return make_offer(campaign, size=3, stock=100)


@pytest.fixture
def room(shop: Shop, ann: Phone, offer: Offer) -> str:
    """Ann's open room."""
    room, seat = ann.open_room(offer.public_id)
    shop.paid(ann, seat)
    return room


def stock() -> tuple[int, int]:
    """(held, sold)."""
    return OfferItem.objects.values_list("held", "sold").get()


def late(shop: Shop, phone: Phone, seat: str, order_id: str = "late") -> dict[str, str]:
    """Report the payment of a seat that may be gone; what became of it."""
    result = accepted(shop.order(order_id, phone, seat=seat))["seats"][0]
    return {name: result[name] for name in ("outcome", "seat", "room_status")} | {
        "refund_order": result["refund_order"] or ""
    }


def test_a_room_is_shared_only_once_its_host_has_paid(
    shop: Shop, ann: Phone, bob: Phone, offer: Offer
) -> None:
    room, seat = ann.open_room(offer.public_id)
    assert_refused(ann.put(f"/rooms/{room}/link"), 409, "room_not_open")
    assert_refused(bob.hold(room), 409, "room_not_open")
    assert shop.get(f"/offers/{offer.public_id}/rooms")["results"] == []
    shop.paid(ann, seat)
    assert [row["id"] for row in shop.get(f"/offers/{offer.public_id}/rooms")["results"]] == [room]
    bob.seat(room, code=ann.room_link(room))


def test_a_second_seat_in_the_same_room(shop: Shop, ann: Phone, bob: Phone, room: str) -> None:
    bob.seat(room)
    assert_refused(bob.hold(room), 409, "already_seated")
    assert_refused(ann.hold(room), 409, "already_seated")
    assert stock() == (1, 1)


def test_a_full_room(shop: Shop, bob: Phone, cleo: Phone, room: str) -> None:
    first, _ = bob.seat(room), cleo.seat(room)
    dora = shop.phone("dora")
    assert_refused(dora.hold(room), 409, "room_full")
    # Who leaves before paying makes place; leaving again changes nothing.
    accepted(bob.ask("DELETE", f"/seats/{first}"), 204)
    accepted(bob.ask("DELETE", f"/seats/{first}"), 204)
    dora.seat(room)
    assert stock() == (2, 1)


def test_a_paid_seat_cannot_be_left(shop: Shop, bob: Phone, room: str) -> None:
    seat = bob.seat(room)
    shop.paid(bob, seat)
    assert_refused(bob.ask("DELETE", f"/seats/{seat}"), 409, "seat_not_held")


def test_unknown_things(shop: Shop, ann: Phone, offer: Offer, room: str) -> None:
    assert_refused(ann.hold("room_unknown"), 404, "room_unknown")
    assert_refused(ann.post("/offers/off_unknown/rooms"), 404, "offer_unknown")
    assert_refused(ann.hold(room, sku="coffee"), 409, "already_seated")
    elsewhere = ann.post(f"/offers/{offer.public_id}/rooms", {"sku": "coffee"})
    assert_refused(elsewhere, 422, "item_unknown", "/sku")
    paying = shop.order("o1", ann, seat="seat_unknown")
    assert_refused(paying, 404, "seat_unknown", "/lines/0/seat")
    assert not Order.objects.filter(order_id="o1").exists()
    assert_refused(shop.confirm("rfo_unknown"), 404, "refund_order_unknown")
    assert_refused(shop.fail("rfo_unknown"), 404, "refund_order_unknown")
    assert_refused(shop.post("/orders/o1/fulfil"), 404, "order_unknown")


def test_an_expired_hold_goes_to_somebody_else(
    shop: Shop, bob: Phone, cleo: Phone, room: str, drain: Drain, move_clock: MoveClock
) -> None:
    dora = shop.phone("dora")
    seat = bob.seat(room)
    shop.paid(cleo, cleo.seat(room))
    assert_refused(dora.hold(room), 409, "room_full")
    move_clock(TTL + 1)
    taken = dora.seat(room)  # nobody has swept yet
    assert shop.seat(seat)["released"] == "expired"
    assert late(shop, bob, seat)["outcome"] == "refund_requested"
    shop.paid(dora, taken)
    assert shop.room(room)["status"] == "completed"
    drain()
    assert stock() == (0, 3)
    assert Order.objects.get(order_id="late").campaigns.count() == 0


def test_a_late_payment_gets_another_seat_if_one_is_left(
    shop: Shop, bob: Phone, room: str, drain: Drain, move_clock: MoveClock
) -> None:
    seat = bob.seat(room)
    move_clock(TTL + 1)
    drain()
    assert shop.seat(seat)["released"] == "expired"
    result = late(shop, bob, seat)
    assert result["outcome"] == "paid"
    assert result["seat"] != seat
    assert shop.seat(result["seat"])["status"] == "paid"
    assert shop.room(room)["paid"] == 2
    assert stock() == (0, 2)


def test_a_late_payment_of_a_hold_nobody_swept_keeps_its_seat(
    shop: Shop, bob: Phone, room: str, move_clock: MoveClock
) -> None:
    seat = bob.seat(room)
    move_clock(TTL + 1)
    result = late(shop, bob, seat)
    assert (result["outcome"], result["seat"]) == ("paid", seat)


def test_a_late_payment_without_stock_is_refunded(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain, move_clock: MoveClock
) -> None:
    offer = make_offer(campaign, size=2, stock=2)
    room, seat = ann.open_room(offer.public_id)
    shop.paid(ann, seat)
    held = bob.seat(room)
    move_clock(TTL + 1)
    drain()
    shop.phone("cleo").open_room(offer.public_id)
    assert late(shop, bob, held)["outcome"] == "refund_requested"
    assert shop.room(room)["status"] == "open"


def test_a_payment_after_the_deadline_is_refunded(
    shop: Shop, bob: Phone, room: str, drain: Drain, move_clock: MoveClock
) -> None:
    seat = bob.seat(room)
    move_clock(DURATION + 1)
    result = late(shop, bob, seat)
    assert result["outcome"] == "refund_requested"
    drain()
    asked = {row["order_id"]: row for row in shop.refund_orders("requested")}
    assert {row["reason"] for row in asked.values()} == {"too_late", "room_failed"}
    assert asked["late"]["id"] == result["refund_order"]
    assert (asked["late"]["amount_minor"], asked["late"]["currency"]) == (PRICE, "CNY")
    assert_refused(shop.phone("dora").hold(room), 409, "room_not_open")
    assert shop.room(room)["status"] == "failed"


def test_a_payment_in_closing_by_a_living_hold_completes_the_room(
    shop: Shop, bob: Phone, cleo: Phone, room: str, drain: Drain, move_clock: MoveClock
) -> None:
    shop.paid(bob, bob.seat(room))
    move_clock(DURATION - 60)
    seat = cleo.seat(room)
    move_clock(DURATION + 60)
    drain()
    assert shop.room(room)["status"] == "closing"
    assert_refused(shop.phone("dora").hold(room), 409, "room_not_open")
    shop.paid(cleo, seat)
    assert shop.room(room)["status"] == "completed"
    move_clock(2 * DURATION)
    drain()
    assert shop.room(room)["status"] == "completed"
    assert shop.refund_orders() == []


def test_closing_ends_with_its_last_hold(
    shop: Shop, bob: Phone, cleo: Phone, room: str, drain: Drain, move_clock: MoveClock
) -> None:
    move_clock(DURATION - 300)
    early = bob.seat(room)
    move_clock(DURATION - 60)
    last = cleo.seat(room)
    move_clock(DURATION + 400)  # bob's hold is over, cleo's lives
    drain()
    assert shop.room(room)["status"] == "closing"
    assert late(shop, bob, early, "bobs")["outcome"] == "refund_requested"
    shop.paid(cleo, last)
    move_clock(DURATION + 700)
    drain()
    assert shop.room(room)["status"] == "failed"
    assert len(shop.refund_orders("requested")) == 3


def test_a_failed_room_asks_for_each_payment_back_once(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, room: str, drain: Drain, move_clock: MoveClock
) -> None:
    bobs = shop.paid(bob, bob.seat(room))
    held = cleo.seat(room)
    move_clock(DURATION + TTL + 1)
    drain()
    drain()
    assert shop.room(room)["status"] == "failed"
    assert shop.seat(held)["released"] == "expired"
    asked = shop.refund_orders("requested")
    assert sorted(row["reason"] for row in asked) == ["room_failed", "room_failed"]
    assert stock() == (0, 0)
    for row in asked:
        accepted(shop.confirm(row["id"]), 200)
        again = accepted(shop.confirm(row["id"]), 200)
        assert again["status"] == "confirmed"
    assert shop.refund_orders("requested") == []
    assert set(Order.objects.values_list("refunded_minor", flat=True)) == {PRICE}
    repeated = accepted(shop.post("/orders", report_again(shop, bob, bobs)))
    assert (repeated["status"], repeated["seats"][0]["outcome"]) == ("refunded", "refund_requested")
    # Both are free to be brought by somebody else: nobody was confirmed.
    drain()
    assert {ann.wallet(), bob.wallet()} == {(0, 0, 0)}
    assert shop.participants(shop.room(room)["campaign"])["provisional"] == 3


def report_again(shop: Shop, phone: Phone, order_id: str) -> dict[str, object]:
    """The report of an order exactly as it came the first time."""
    order = Order.objects.get(order_id=order_id)
    line = order.lines.get()
    return shop.report(order_id, phone, seat=line.seat, occurred_at=order.occurred_at.isoformat())


def test_a_refund_that_fails_can_still_be_confirmed(
    shop: Shop, bob: Phone, room: str, drain: Drain, move_clock: MoveClock
) -> None:
    move_clock(DURATION + 1)
    drain()
    refund_order = shop.refund_orders("requested")[0]["id"]
    failed = accepted(shop.fail(refund_order), 200)
    assert (failed["status"], failed["failure"]) == ("failed", "card closed")
    assert accepted(shop.fail(refund_order, "again"), 200)["failure"] == "card closed"
    assert Order.objects.get().refunded_minor == 0
    assert accepted(shop.confirm(refund_order), 200)["status"] == "confirmed"
    assert Order.objects.get().refunded_minor == PRICE
    assert_refused(shop.fail(refund_order), 409, "refund_order_resolved")


def test_the_shops_own_refund_closes_the_refund_order(
    shop: Shop, room: str, drain: Drain, move_clock: MoveClock
) -> None:
    move_clock(DURATION + 1)
    drain()
    asked = shop.refund_orders("requested")[0]
    accepted(shop.refund(asked["order_id"]))
    assert shop.refund_orders("requested") == []
    assert accepted(shop.confirm(asked["id"]), 200)["status"] == "confirmed"
    assert Order.objects.get().refunded_minor == PRICE


def test_a_seat_is_paid_once(shop: Shop, bob: Phone, room: str) -> None:
    seat = bob.seat(room)
    shop.paid(bob, seat)
    twice = late(shop, bob, seat, "twice")
    assert twice["outcome"] == "refund_requested"
    assert [row["reason"] for row in shop.refund_orders()] == ["already_paid"]
    accepted(shop.confirm(twice["refund_order"]), 200)
    assert shop.room(room)["paid"] == 2


def test_one_order_may_pay_seats_in_two_rooms(
    shop: Shop, bob: Phone, room: str, offer: Offer
) -> None:
    other, host_seat = shop.phone("dora").open_room(offer.public_id)
    shop.paid(shop.phone("dora"), host_seat)
    lines = [
        {"line_id": name, "sku": "tea", "amount_minor": PRICE, "seat": bob.seat(name)}
        for name in (other, room)
    ]
    body = accepted(shop.order("both", bob, lines=lines))
    assert [(row["line_id"], row["outcome"]) for row in body["seats"]] == [
        (other, "paid"),
        (room, "paid"),
    ]
    accepted(shop.refund("both", lines=[{"line_id": room}]))
    assert (shop.room(room)["paid"], shop.room(other)["paid"]) == (1, 2)


def test_a_host_who_never_pays(
    shop: Shop, ann: Phone, offer: Offer, drain: Drain, move_clock: MoveClock
) -> None:
    room, seat = ann.open_room(offer.public_id)
    move_clock(TTL + 1)
    drain()
    ended = shop.room(room)
    assert (ended["status"], ended["reason"]) == ("cancelled", "host_unpaid")
    assert late(shop, ann, seat)["outcome"] == "refund_requested"
    assert stock() == (0, 0)


def test_a_host_who_leaves_before_paying(
    shop: Shop, ann: Phone, offer: Offer, drain: Drain
) -> None:
    room, seat = ann.open_room(offer.public_id)
    accepted(ann.ask("DELETE", f"/seats/{seat}"), 204)
    drain()
    assert shop.room(room)["reason"] == "host_unpaid"


def test_the_earliest_paid_seat_succeeds_the_host(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, room: str, drain: Drain
) -> None:
    cleo.seat(room)
    shop.paid(bob, bob.seat(room))
    anns = Order.objects.order_by("pk").values_list("order_id", flat=True)[0]
    accepted(shop.refund(anns))
    after = shop.room(room)
    assert [(p["nickname"], p["status"]) for p in after["places"] if p["is_host"]] == [
        ("Bob", "paid")
    ]
    assert (after["status"], after["paid"], after["held"]) == ("open", 1, 1)
    ann.seat(room)  # she may come back, as a guest
    assert shop.room(room)["held"] == 2


def test_a_room_whose_only_payer_leaves_is_cancelled(
    shop: Shop, ann: Phone, bob: Phone, room: str, drain: Drain
) -> None:
    held = bob.seat(room)
    accepted(shop.cancel(Order.objects.get().order_id))
    ended = shop.room(room)
    assert (ended["status"], ended["reason"]) == ("cancelled", "host_left")
    assert late(shop, bob, held)["outcome"] == "refund_requested"
    drain()
    assert stock() == (0, 0)


def test_leaving_a_refunded_seat_keeps_why_it_was_freed(
    shop: Shop, bob: Phone, room: str, drain: Drain
) -> None:
    seat = bob.seat(room)
    accepted(shop.refund(shop.paid(bob, seat)))
    accepted(bob.ask("DELETE", f"/seats/{seat}"), 204)
    assert shop.seat(seat)["released"] == "refunded"


def test_olga_cancels_a_room(shop: Shop, bob: Phone, room: str, drain: Drain) -> None:
    shop.paid(bob, bob.seat(room))
    room_cancel(room_id=Seat.objects.filter(room__public_id=room)[0].room_id, reason="recall")
    drain()
    assert {row["reason"] for row in shop.refund_orders("requested")} == {"room_cancelled"}
    assert len(shop.refund_orders("requested")) == 2


def test_a_completed_room_stays_completed(
    shop: Shop, ann: Phone, campaign: Campaign, drain: Drain, move_clock: MoveClock
) -> None:
    room, seat = ann.open_room(make_offer(campaign, size=1).public_id)
    order = shop.paid(ann, seat)
    accepted(shop.refund(order))
    move_clock(2 * DURATION)
    drain()
    assert shop.room(room)["status"] == "completed"
    assert stock() == (0, 0)
    report = shop.get(f"/campaigns/{campaign.public_id}/report")
    assert (report["rooms"]["completed"], report["rooms"]["refunded"]) == (1, 1)


def test_spent_stock(shop: Shop, ann: Phone, bob: Phone, campaign: Campaign) -> None:
    offer = make_offer(campaign, size=2, stock=3).public_id
    room, seat = ann.open_room(offer, quantity=2)
    assert shop.seat(seat)["price_minor"] == 2 * PRICE
    shop.paid(ann, seat, amount=2 * PRICE)
    assert_refused(bob.hold(room, quantity=2), 409, "stock_spent")
    assert shop.room(room)["held"] == 0
    bob.seat(room, quantity=1)
    assert_refused(shop.phone("cleo").post(f"/offers/{offer}/rooms"), 409, "stock_spent")
    assert stock() == (1, 2)

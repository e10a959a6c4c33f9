"""What an operator may set on an offer, each as shoppers and the shop meet it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.campaigns.models import Campaign
from apps.core.models import Event
from apps.groupbuy.models import Offer, OfferItem, Room, Seat
from apps.groupbuy.rules import (
    AtDeadline,
    CoolDown,
    ItemTerms,
    Limits,
    Overflow,
    Settlement,
    Step,
    Terms,
)
from apps.groupbuy.services import item_steps_set, offer_create, offer_restore, offer_withdraw
from apps.points.models import Programme
from tests.flows.client import PRICE, Phone, Shop, accepted, assert_refused, at
from tests.makers import make_campaign, make_offer, now

Drain = Callable[[], None]
MoveClock = Callable[[float], None]

TTL, DURATION = 600, 3600
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def campaign(shop: Shop) -> Campaign:
    return make_campaign(qualifying_act="room")


def offer_of(campaign: Campaign, *, size: int = 3, **given: Any) -> str:
    terms = {name: given.pop(name) for name in list(given) if name in Terms.__dataclass_fields__}
    return make_offer(campaign, size=size, terms=Terms(**terms), **given).public_id


def opened(shop: Shop, host: Phone, offer: str, **more: Any) -> str:
    """The host's open room."""
    room, seat = host.open_room(offer, **more)
    shop.paid(host, seat, amount=shop.seat(seat)["price_minor"])
    return room


def joined(shop: Shop, guest: Phone, room: str) -> str:
    """The guest's paid seat."""
    seat = guest.seat(room)
    shop.paid(guest, seat)
    return seat


def kinds(*names: str) -> list[str]:
    return list(Event.objects.filter(kind__in=names).order_by("pk").values_list("kind", flat=True))


def try_open(phone: Phone, offer: str, **more: Any) -> httpx.Response:
    return phone.post(f"/offers/{offer}/rooms", more)


def test_an_offer_shows_its_terms(shop: Shop, campaign: Campaign) -> None:
    day = dt.timedelta(days=1)
    offer = offer_create(
        campaign_id=campaign.pk,
        title="Tea",
        room_size=5,
        duration=HOUR,
        hold_ttl=HOUR,
        items=(ItemTerms("tea", "Tea", 5900, 4900, 9, (Step(3, 4500), Step(5, 3900))),),
        terms=Terms(
            at_deadline=AtDeadline.COMPLETE_SHORT,
            minimum_seats=2,
            limits=Limits(seats=2),
            cool_down=CoolDown(3, day, HOUR),
        ),
    )
    shown = shop.get(f"/offers/{offer.public_id}")
    assert shown["terms"] == {
        "at_deadline": "complete_short",
        "minimum_seats": 2,
        "overflow": "refund",
        "settlement": "refund",
        "max_quantity": None,
        "limits": {"rooms_hosted": None, "seats": 2, "open_at_once": None},
        "cool_down": {"after": 3, "window_seconds": 86400, "pause_seconds": 3600},
        "new_members_only": False,
        "host_discount_minor": 0,
    }
    assert shown["listing"] == "public"
    assert shown["items"][0]["steps"] == [
        {"headcount": 3, "price_minor": 4500},
        {"headcount": 5, "price_minor": 3900},
    ]


def test_a_flash_price_opens_and_completes_with_one_payment(
    shop: Shop, ann: Phone, campaign: Campaign, drain: Drain
) -> None:
    room = opened(shop, ann, offer_of(campaign, size=1))
    assert shop.room(room)["status"] == "completed"
    drain()
    assert kinds("seat.held", "seat.paid", "room.opened", "room.completed") == [
        "seat.held",
        "seat.paid",
        "room.opened",
        "room.completed",
    ]


def test_an_offer_opens_rooms_from_its_start_to_its_end(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, move_clock: MoveClock
) -> None:
    offer = offer_of(campaign, size=2, starts_at=now() + HOUR, ends_at=now() + 2 * HOUR)
    assert_refused(try_open(ann, offer), 409, "offer_not_started")
    move_clock(3600 + 5)
    room = opened(shop, ann, offer)
    move_clock(2 * 3600 + 5)
    assert_refused(try_open(bob, offer), 409, "offer_ended")
    assert shop.room(room)["status"] == "open"


def test_an_open_room_goes_on_after_its_offers_end(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign
) -> None:
    offer = offer_of(campaign, size=2)
    room = opened(shop, ann, offer)
    Offer.objects.update(ends_at=now() - dt.timedelta(minutes=1))
    joined(shop, bob, room)
    assert shop.room(room)["status"] == "completed"


def test_a_room_keeps_the_terms_it_opened_with(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, campaign: Campaign
) -> None:
    offer = offer_of(campaign)
    room = opened(shop, ann, offer)
    OfferItem.objects.update(group_price_minor=100)
    Offer.objects.update(new_members_only=True, seats_limit=1, max_quantity=1, room_size=9)
    shop.paid(bob)
    seat = bob.seat(room, quantity=2)  # no new member, and two pieces
    assert shop.seat(seat)["price_minor"] == 2 * PRICE
    assert shop.room(room)["size"] == 3
    later, host_seat = cleo.open_room(offer)
    assert shop.seat(host_seat)["price_minor"] == 100
    assert shop.room(later)["size"] == 9


def test_short_completion_is_told_openly(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain, move_clock: MoveClock
) -> None:
    offer = offer_of(campaign, at_deadline=AtDeadline.COMPLETE_SHORT, minimum_seats=2)
    room = opened(shop, ann, offer)
    joined(shop, bob, room)
    move_clock(DURATION + 1)
    drain()
    ended = shop.room(room)
    assert (ended["status"], ended["completed_short"], ended["paid"]) == ("completed", True, 2)
    assert shop.refund_orders() == []
    assert shop.participants(campaign.public_id)["provisional"] == 0
    report = shop.get(f"/campaigns/{campaign.public_id}/report")
    assert (report["rooms"]["completed"], report["rooms"]["refunded"]) == (1, 0)


def test_too_few_paid_seats_fail_at_the_deadline(
    shop: Shop, ann: Phone, campaign: Campaign, drain: Drain, move_clock: MoveClock
) -> None:
    offer = offer_of(campaign, at_deadline=AtDeadline.COMPLETE_SHORT, minimum_seats=2)
    room = opened(shop, ann, offer)
    move_clock(DURATION + 1)
    drain()
    assert shop.room(room)["status"] == "failed"
    assert len(shop.refund_orders("requested")) == 1


def test_the_last_hold_of_closing_makes_up_the_minimum(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain, move_clock: MoveClock
) -> None:
    offer = offer_of(campaign, at_deadline=AtDeadline.COMPLETE_SHORT, minimum_seats=2)
    room = opened(shop, ann, offer)
    move_clock(DURATION - 60)
    seat = bob.seat(room)
    move_clock(DURATION + 1)
    drain()
    assert shop.room(room)["status"] == "closing"
    assert kinds("room.closing") == ["room.closing"]
    shop.paid(bob, seat)
    drain()  # nobody else may pay: there is nothing to wait for
    assert (shop.room(room)["status"], shop.room(room)["completed_short"]) == ("completed", True)


STEPS = (Step(2, 4500), Step(3, 3900))


@pytest.mark.parametrize(("guests", "final"), [(0, 4900), (1, 4500), (2, 3900)])
def test_the_final_price_is_refunded_down_to_its_step(
    shop: Shop,
    ann: Phone,
    campaign: Campaign,
    drain: Drain,
    move_clock: MoveClock,
    guests: int,
    final: int,
) -> None:
    offer = offer_of(campaign, at_deadline=AtDeadline.COMPLETE_SHORT, size=3)
    item_steps_set(item_id=OfferItem.objects.get().pk, steps=STEPS)
    room = opened(shop, ann, offer)
    seats = [joined(shop, shop.phone(name), room) for name in ("bob", "cleo")[:guests]]
    move_clock(DURATION + 1)
    drain()
    assert shop.room(room)["status"] == "completed"
    asked = shop.refund_orders("requested")
    over = PRICE - final
    assert [(row["reason"], row["amount_minor"]) for row in asked] == (
        [("step_price", over)] * (guests + 1) if over else []
    )
    for row in asked:
        accepted(shop.confirm(row["id"]), 200)
    for seat in seats:
        shown = shop.seat(seat)
        assert (shown["status"], shown["final_price_minor"]) == ("paid", final)
    assert Seat.objects.filter(status="paid").count() == guests + 1


def test_the_final_price_is_credited_and_taken_back_with_the_seat(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain
) -> None:
    Programme.objects.create(currency="CNY", worth_of_100_points_minor=300)
    offer = offer_of(campaign, size=2, settlement=Settlement.CREDIT)
    item_steps_set(item_id=OfferItem.objects.get().pk, steps=(Step(2, 4500),))
    room = opened(shop, ann, offer)
    seat = bob.seat(room)
    order = shop.paid(bob, seat)
    drain()
    drain()
    assert shop.refund_orders() == []
    shown = shop.seat(seat)
    assert (shown["settlement"], shown["credited_points"]) == ("credit", 134)  # worth 402
    joining = 10
    assert {ann.wallet(), bob.wallet()} == {(134 + joining, 0, 0)}
    accepted(shop.refund(order))
    drain()
    assert bob.wallet() == (joining, 0, 0)
    assert shop.seat(seat)["settlement"] == "taken_back"


def test_points_that_pay_nothing_are_no_credit(
    shop: Shop, ann: Phone, campaign: Campaign, drain: Drain
) -> None:
    Programme.objects.create(currency="CNY", worth_of_100_points_minor=0)
    offer = offer_of(campaign, size=1, settlement=Settlement.CREDIT)
    item_steps_set(item_id=OfferItem.objects.get().pk, steps=(Step(1, 4500),))
    opened(shop, ann, offer)
    drain()
    assert [row["amount_minor"] for row in shop.refund_orders("requested")] == [400]


def test_what_was_refunded_before_is_not_given_twice(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain
) -> None:
    offer = offer_of(campaign, size=2)
    item_steps_set(item_id=OfferItem.objects.get().pk, steps=(Step(2, 900),))
    room, seat = ann.open_room(offer)
    order = shop.paid(ann, seat)
    accepted(shop.refund(order, lines=[{"line_id": "1", "amount_minor": 4000}]))
    joined(shop, bob, room)
    drain()
    assert sorted(row["amount_minor"] for row in shop.refund_orders()) == [900, 4000]


def test_the_host_pays_less(shop: Shop, ann: Phone, bob: Phone, campaign: Campaign) -> None:
    offer = offer_of(campaign, host_discount_minor=500)
    room, seat = ann.open_room(offer, quantity=2)
    assert shop.seat(seat)["price_minor"] == 2 * PRICE - 500
    shop.paid(ann, seat, amount=2 * PRICE - 500)
    assert shop.seat(bob.seat(room))["price_minor"] == PRICE


def test_discounts_are_reserved_at_the_last_step_and_spent_at_the_one_reached(
    shop: Shop, ann: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    campaign = make_campaign(budget_minor=10_000, counts_group_discounts=True)
    offer = offer_of(campaign, at_deadline=AtDeadline.COMPLETE_SHORT, host_discount_minor=100)
    item_steps_set(item_id=OfferItem.objects.get().pk, steps=STEPS)
    opened(shop, ann, offer)
    campaign.budget.refresh_from_db()
    assert campaign.budget.reserved_minor == 5900 - 3900 + 100
    move_clock(DURATION + 1)
    drain()
    campaign.budget.refresh_from_db()
    joining = 10  # what ten points for joining cost
    assert (campaign.budget.reserved_minor, campaign.budget.spent_minor) == (0, 1100 + joining)


def test_pieces_of_a_seat(shop: Shop, ann: Phone, bob: Phone, campaign: Campaign) -> None:
    offer = offer_of(campaign, max_quantity=2)
    assert_refused(try_open(ann, offer, quantity=3), 422, "too_many_pieces", "/quantity")
    room = opened(shop, ann, offer)
    assert_refused(bob.hold(room, quantity=3), 422, "too_many_pieces", "/quantity")
    seat = bob.seat(room, quantity=2)
    swapped = bob.post(f"/seats/{seat}/swap", {"quantity": 3})
    assert_refused(swapped, 422, "too_many_pieces", "/quantity")


def test_limits_per_member(shop: Shop, ann: Phone, bob: Phone, campaign: Campaign) -> None:
    hosted = offer_of(campaign, limits=Limits(rooms_hosted=1))
    room = opened(shop, ann, hosted)
    assert_refused(try_open(ann, hosted), 409, "limit_reached")
    others = opened(shop, bob, hosted)
    ann.seat(others)  # as a guest she may
    seats = offer_of(campaign, limits=Limits(seats=1))
    opened(shop, ann, seats)
    assert_refused(ann.hold(opened(shop, bob, seats)), 409, "limit_reached")
    assert shop.room(room)["status"] == "open"


def test_open_rooms_at_once_count_until_they_end(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, campaign: Campaign
) -> None:
    offer = offer_of(campaign, size=2, limits=Limits(open_at_once=1))
    room, other = opened(shop, ann, offer), opened(shop, bob, offer)
    assert_refused(ann.hold(other), 409, "limit_reached")
    joined(shop, cleo, room)
    ann.seat(other)


def test_a_seat_given_back_frees_its_limit(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign
) -> None:
    offer = offer_of(campaign, limits=Limits(seats=1))
    room, other = opened(shop, ann, offer), opened(shop, bob, offer)
    cleo = shop.phone("cleo")
    seat = cleo.seat(room)
    assert_refused(cleo.hold(other), 409, "limit_reached")
    accepted(cleo.ask("DELETE", f"/seats/{seat}"), 204)
    cleo.seat(other)


def test_those_who_keep_giving_up_wait(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain, move_clock: MoveClock
) -> None:
    pause = dt.timedelta(minutes=30)
    offer = offer_of(campaign, cool_down=CoolDown(2, HOUR, pause))
    room = opened(shop, ann, offer)
    accepted(bob.ask("DELETE", f"/seats/{bob.seat(room)}"), 204)
    bob.seat(room)
    move_clock(TTL + 1)
    drain()  # the second hold ran out
    assert_refused(bob.hold(room), 409, "cooling_down")
    assert_refused(try_open(bob, offer), 409, "cooling_down")
    move_clock(TTL + 1 + 30 * 60 + 60)
    bob.seat(room)


def test_seats_for_new_members(shop: Shop, ann: Phone, bob: Phone, campaign: Campaign) -> None:
    offer = offer_of(campaign, new_members_only=True)
    shop.paid(ann)
    room = opened(shop, ann, offer)  # an old member may host
    shop.paid(bob)
    assert_refused(bob.hold(room), 409, "new_members_only")
    known = shop.phone("dora", first_order_at=at(ago=86400))
    assert_refused(known.hold(room), 409, "new_members_only")
    joined(shop, shop.phone("cleo"), room)


def test_who_bought_between_hold_and_payment_is_refunded(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain
) -> None:
    room = opened(shop, ann, offer_of(campaign, new_members_only=True))
    seat = bob.seat(room)
    shop.paid(bob)
    paid = accepted(shop.order("late", bob, seat=seat))["seats"][0]
    assert paid["outcome"] == "refund_requested"
    assert [row["reason"] for row in shop.refund_orders("requested")] == ["not_new"]
    assert shop.seat(seat)["released"] == "not_new"
    shop.phone("cleo").seat(room)


def test_a_late_payer_gets_a_seat_in_the_fullest_other_room(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain, move_clock: MoveClock
) -> None:
    offer = offer_of(campaign, overflow=Overflow.OTHER_ROOM)
    first = opened(shop, ann, offer)
    seat = bob.seat(first)
    move_clock(DURATION - 120)
    emptier = opened(shop, shop.phone("dora"), offer)
    fuller = opened(shop, shop.phone("cleo"), offer)
    joined(shop, shop.phone("emma"), fuller)
    move_clock(DURATION + 1)
    drain()
    assert shop.room(first)["status"] == "failed"
    result = accepted(shop.order("late", bob, seat=seat))["seats"][0]
    assert (result["outcome"], result["room"], result["room_status"]) == (
        "paid",
        fuller,
        "completed",
    )
    assert shop.room(emptier)["paid"] == 1


def test_a_late_payer_is_not_put_into_rooms_of_others_prices_or_friends(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain, move_clock: MoveClock
) -> None:
    offer = offer_of(campaign, overflow=Overflow.OTHER_ROOM)
    seat = bob.seat(opened(shop, ann, offer))
    move_clock(DURATION - 120)
    OfferItem.objects.update(group_price_minor=100)
    opened(shop, shop.phone("cleo"), offer)
    OfferItem.objects.update(group_price_minor=PRICE)
    Offer.objects.update(listing="friends")
    opened(shop, shop.phone("dora"), offer)
    move_clock(DURATION + 1)
    drain()
    result = accepted(shop.order("late", bob, seat=seat))["seats"][0]
    assert result["outcome"] == "refund_requested"


@pytest.fixture
def two_teas(campaign: Campaign) -> str:
    """Rooms of two, of green tea or of black tea, of which there are two pieces."""
    offer = make_offer(campaign, size=2, stock=5)
    OfferItem.objects.create(
        offer=offer, sku="black", name="Black", single_price_minor=7900, group_price_minor=6900,
        stock=2,
    )  # fmt: skip
    return offer.public_id


def stocks() -> list[tuple[int, int]]:
    return list(OfferItem.objects.order_by("pk").values_list("held", "sold"))


def test_a_held_seat_is_swapped(
    shop: Shop, ann: Phone, bob: Phone, two_teas: str, drain: Drain
) -> None:
    room = opened(shop, ann, two_teas)
    seat = bob.seat(room)
    expires = shop.seat(seat)["hold_expires_at"]
    swapped = accepted(bob.post(f"/seats/{seat}/swap", {"sku": "black", "quantity": 2}), 200)
    assert (swapped["sku"], swapped["price_minor"]) == ("black", 2 * 6900)
    assert swapped["hold_expires_at"] == expires
    assert stocks() == [(0, 1), (2, 0)]
    accepted(bob.post(f"/seats/{seat}/swap", {"quantity": 1}), 200)
    accepted(bob.post(f"/seats/{seat}/swap", {"sku": "tea"}), 200)
    assert stocks() == [(1, 1), (0, 0)]
    assert_refused(bob.post(f"/seats/{seat}/swap", {"sku": "gin"}), 422, "item_unknown", "/sku")
    assert_refused(
        bob.post(f"/seats/{seat}/swap", {"sku": "black", "quantity": 3}), 409, "stock_spent"
    )
    assert_refused(ann.post(f"/seats/{seat}/swap", {}), 403, "seat_of_somebody_else")
    shop.paid(bob, seat)
    assert_refused(bob.post(f"/seats/{seat}/swap", {"sku": "black"}), 409, "seat_not_held")
    assert kinds("seat.swapped") == ["seat.swapped"] * 3
    assert stocks() == [(0, 2), (0, 0)]


def test_a_seat_whose_room_is_over_is_not_swapped(
    shop: Shop, ann: Phone, bob: Phone, two_teas: str, move_clock: MoveClock
) -> None:
    seat = bob.seat(opened(shop, ann, two_teas))
    move_clock(DURATION + 1)
    assert_refused(bob.post(f"/seats/{seat}/swap", {"sku": "black"}), 409, "room_not_open")


def test_an_offer_withdrawn_while_its_rooms_go_on(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain
) -> None:
    offer = offer_of(campaign, size=2)
    room = opened(shop, ann, offer)
    offer_withdraw(offer_id=Offer.objects.get().pk, cancels_rooms=False, note="sold out")
    drain()
    assert_refused(try_open(bob, offer), 409, "offer_withdrawn")
    joined(shop, bob, room)
    assert shop.room(room)["status"] == "completed"


def test_an_offer_withdrawn_with_its_rooms(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain
) -> None:
    offer = offer_of(campaign, size=3)
    room, other = opened(shop, ann, offer), bob.open_room(offer)[0]
    joined(shop, bob, room)
    offer_withdraw(offer_id=Offer.objects.get().pk, cancels_rooms=True, note="recall")
    drain()
    for name in (room, other):
        ended = shop.room(name)
        assert (ended["status"], ended["reason"]) == ("cancelled", "offer_withdrawn")
    assert set(Room.objects.values_list("note", flat=True)) == {"recall"}
    assert {row["reason"] for row in shop.refund_orders("requested")} == {"room_cancelled"}
    assert len(shop.refund_orders("requested")) == 2
    offer_restore(offer_id=Offer.objects.get().pk)
    opened(shop, ann, offer)
    drain()
    assert Room.objects.filter(status="open").count() == 1


def test_each_turn_of_a_seat_is_an_event(
    shop: Shop, ann: Phone, bob: Phone, campaign: Campaign, drain: Drain, move_clock: MoveClock
) -> None:
    room = opened(shop, ann, offer_of(campaign))
    accepted(bob.ask("DELETE", f"/seats/{bob.seat(room)}"), 204)
    bob.seat(room)
    move_clock(DURATION + 1)
    drain()
    told = Event.objects.filter(kind="seat.released").order_by("pk")
    assert [event.payload["reason"] for event in told] == ["left", "expired", "room_failed"]
    assert all(set(event.payload) == {"seat", "room", "offer", "reason"} for event in told)
    assert kinds("seat.held") == ["seat.held"] * 3

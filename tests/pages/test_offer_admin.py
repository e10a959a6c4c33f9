"""olga sets up an offer, withdraws it, and cancels rooms, knowing what it means."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.campaigns.models import Campaign
from apps.groupbuy.models import Offer, RefundOrder, Room, StepPrice
from apps.groupbuy.rules import Step
from apps.groupbuy.services import item_steps_set
from tests.makers import make_campaign
from tests.pages.makers import make_room


def form(campaign: Campaign, **changed: Any) -> dict[str, Any]:
    """What the browser sends for a new offer of one item."""
    return {
        "title": "Tea",
        "campaign": campaign.pk,
        "room_size": 5,
        "duration": "01:00:00",
        "hold_ttl": "00:10:00",
        "listing": "friends",
        "at_deadline": "complete_short",
        "minimum_seats": 2,
        "overflow": "other_room",
        "settlement": "credit",
        "seats_limit": 1,
        "host_discount_minor": 100,
        "cooldown_after": 3,
        "cooldown_window": "1 00:00:00",
        "cooldown": "02:00:00",
        "items-TOTAL_FORMS": 1,
        "items-INITIAL_FORMS": 0,
        "items-0-sku": "tea",
        "items-0-name": "Tea",
        "items-0-single_price_minor": 5900,
        "items-0-group_price_minor": 4900,
        "items-0-steps": "5: 3900, 3: 4500",
        "items-0-stock": 10,
        **changed,
    }


ADD = reverse("admin:groupbuy_offer_add")


def test_olga_sets_up_an_offer_with_steps(olga: Client) -> None:
    assert olga.post(ADD, form(make_campaign())).status_code == 302
    offer = Offer.objects.get()
    assert (offer.listing, offer.minimum_seats, offer.seats_limit) == ("friends", 2, 1)
    steps = StepPrice.objects.order_by("headcount").values_list("headcount", "price_minor")
    assert list(steps) == [(3, 4500), (5, 3900)]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"minimum_seats": 6}, "A room has only 5 seats."),
        ({"items-0-steps": "3 for 4500"}, "Write each step as seats: price"),
        ({"items-0-steps": "6: 100"}, "the size of a room"),
        ({"items-0-steps": "3: 5000"}, "Each step must cost less"),
        ({"host_discount_minor": 3900}, "The host&#x27;s discount must be less"),
        ({"items-0-group_price_minor": 6000}, "must not cost more than alone"),
        ({"cooldown": "24"}, "At least a minute"),
        ({"duration": "999999999 00:00:00"}, "A year at the most"),
        (
            {
                "starts_at_0": "2026-05-05",
                "starts_at_1": "10:00",
                "ends_at_0": "2026-05-05",
                "ends_at_1": "09:00",
            },
            "An offer ends after it starts.",
        ),
    ],
)
def test_olga_is_told_what_makes_no_sense(olga: Client, changed: dict[str, Any], says: str) -> None:
    answer = olga.post(ADD, form(make_campaign(), **changed))
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert not Offer.objects.exists()


def test_steps_are_changed_for_later_rooms_only(olga: Client) -> None:
    room = make_room("ann")
    item = room.offer.items.get()
    item_steps_set(item_id=item.pk, steps=(Step(2, 100),))
    page = reverse("admin:groupbuy_offer_change", args=[room.offer.pk])
    kept = {
        "items-INITIAL_FORMS": 1,
        "items-0-id": item.pk,
        "items-0-offer": room.offer.pk,
        "items-0-steps": "3: 4400",
    }
    assert olga.post(page, form(room.offer.campaign, **kept)).status_code == 302
    assert list(item.steps.values_list("headcount", "price_minor")) == [(3, 4400)]
    frozen = room.terms
    room.refresh_from_db()
    assert room.terms == frozen


def test_withdrawing_shows_both_choices_first(olga: Client, drain: Callable[[], None]) -> None:
    room = make_room("ann", "bob", held=("cleo",))
    page = reverse("admin:groupbuy_offer_to_withdraw", args=[room.offer.pk])
    shown = olga.get(page).content.decode()
    assert "If its rooms go on" in shown
    assert "If its rooms are cancelled" in shown
    assert "¥98.00" in shown
    assert olga.post(page, {"cancel": "1"}).status_code == 200  # why?
    assert olga.post(page, {"note": "recall", "cancel": "1"}).status_code == 302
    drain()
    room.refresh_from_db()
    assert (room.status, room.reason, room.note) == ("cancelled", "offer_withdrawn", "recall")
    assert RefundOrder.objects.count() == 2


def test_withdrawing_lets_rooms_go_on(olga: Client, drain: Callable[[], None]) -> None:
    room = make_room("ann")
    page = reverse("admin:groupbuy_offer_to_withdraw", args=[room.offer.pk])
    assert olga.post(page, {"note": "sold out", "keep": "1"}).status_code == 302
    drain()
    room.refresh_from_db()
    assert room.status == "open"
    assert not Offer.objects.get().is_active


def test_cancelling_rooms_asks_why_and_says_what_it_means(olga: Client) -> None:
    room = make_room("ann", "bob")
    picked = {"action": "cancel", "_selected_action": [room.pk]}
    answer = olga.post(reverse("admin:groupbuy_room_changelist"), picked)
    page = answer.headers["Location"]
    assert "¥98.00" in olga.get(page).content.decode()
    assert olga.post(page, {"note": "a bad batch"}).status_code == 302
    room.refresh_from_db()
    assert (room.status, room.reason, room.note) == ("cancelled", "by_the_shop", "a bad batch")
    assert olga.get(page).status_code == 302  # they have ended


def test_who_may_only_look_cancels_nothing(client: Client, db: None) -> None:
    room = make_room("ann")
    client.force_login(User.objects.create_user("otto", is_staff=True))
    page = f"{reverse('admin:groupbuy_room_cancel')}?room={room.pk}"
    assert client.post(page, {"note": "no"}).status_code == 403
    withdraw = reverse("admin:groupbuy_offer_to_withdraw", args=[room.offer.pk])
    assert client.post(withdraw, {"note": "no", "keep": "1"}).status_code in (302, 403)
    assert Offer.objects.get().is_active
    assert Room.objects.get().status == "open"

"""What olga reads of a room and its seats."""

import datetime as dt

from django.test import Client
from django.urls import reverse

from apps.groupbuy.admin.terms import lasting, terms_in_words
from apps.groupbuy.models import Seat
from apps.groupbuy.rules import (
    AtDeadline,
    CoolDown,
    Limits,
    Overflow,
    RoomItem,
    Settlement,
    Step,
    Terms,
)
from tests.pages.makers import make_room

TEA = RoomItem(1, "tea", "Green tea", 9900, 6900, (Step(8, 4900), Step(5, 5900)))


def test_all_terms_are_told_in_words() -> None:
    terms = Terms(
        items=(TEA,),
        at_deadline=AtDeadline.COMPLETE_SHORT,
        minimum_seats=3,
        overflow=Overflow.OTHER_ROOM,
        settlement=Settlement.CREDIT,
        max_quantity=2,
        limits=Limits(rooms_hosted=1, seats=4, open_at_once=2),
        cool_down=CoolDown(3, dt.timedelta(days=1), dt.timedelta(hours=36)),
        new_members_only=True,
        host_discount_minor=500,
    )
    assert list(terms_in_words(terms, "CNY")) == [
        (
            "Green tea (tea): ¥69.00 together, ¥59.00 from 5 seats on, ¥49.00 from 8 seats on,"
            " ¥99.00 alone."
        ),
        "Not full in time, it completes with 3 paid seats or more.",
        "A payment that finds no seat left goes to another open room, else back.",
        "What a step leaves over is credited as points.",
        "At most 2 pieces in a seat.",
        "At most 4 seats of the offer for one member.",
        "At most 1 room hosted by one member.",
        "At most 2 open rooms at once for one member.",
        "Seats are for new members; the host may be an old one.",
        "Who gives up 3 seats within 1 day waits for 1 day 12 hours.",
        "The host pays ¥5.00 less.",
    ]


def test_what_was_left_open_is_not_told() -> None:
    assert list(terms_in_words(Terms(), "CNY")) == [
        "Not full in time, it fails, and every payment is asked back.",
        "A payment that finds no seat left is asked back.",
    ]


def test_a_duration_in_words() -> None:
    assert lasting(dt.timedelta(days=2, hours=1, seconds=1)) == "2 days 1 hour 1 second"
    assert lasting(dt.timedelta(0)) == "no time"


def test_a_room_and_its_seats_are_read_without_code(admin_client: Client) -> None:
    room = make_room("ann", "bob")
    listed = admin_client.get(reverse("admin:groupbuy_room_changelist")).content.decode()
    assert "2 of" in listed
    page = admin_client.get(reverse("admin:groupbuy_room_change", args=[room.pk]))
    said = page.content.decode()
    assert "Not full in time, it fails" in said
    assert "Opened by the host&#x27;s payment" in said
    assert "ann" in said
    assert "bob" in said
    assert "price_minor" not in said
    assert "Hold ttl" not in said


def test_a_seat_says_why_it_was_given_up(admin_client: Client) -> None:
    seat = Seat.objects.get(room=make_room("ann"), member__identities__value="ann")
    Seat.objects.filter(pk=seat.pk).update(
        status="released", released="left", released_at=seat.paid_at
    )
    page = admin_client.get(reverse("admin:groupbuy_seat_change", args=[seat.pk]))
    assert "released: left" in page.content.decode()
    listed = admin_client.get(reverse("admin:groupbuy_seat_changelist")).content.decode()
    assert "left" in listed

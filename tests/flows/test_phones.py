"""What phones see: rooms to join, one room as it changes, one's own rooms, a room passed on."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.campaigns.models import Campaign
from apps.groupbuy.models import Offer, Room, Seat
from apps.groupbuy.services import room_cancel
from apps.invites.models import Participant
from tests.flows.client import PRICE, Caller, Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign, make_offer

Drain = Callable[[], None]
MoveClock = Callable[[float], None]

DURATION = 3600


@pytest.fixture
def campaign(shop: Shop) -> Campaign:
    return make_campaign(qualifying_act="room")


@pytest.fixture
def offer(campaign: Campaign) -> Offer:
    return make_offer(campaign, size=3, stock=100, title="Tea together")


@pytest.fixture
def guest(http: httpx.Client) -> Caller:
    """Somebody who has not logged in."""
    return Caller(http)


def opened_room(shop: Shop, host: Phone, offer: Offer, *guests: Phone) -> str:
    room, seat = host.open_room(offer.public_id)
    shop.paid(host, seat)
    for other in guests:
        shop.paid(other, other.seat(room))
    return room


def listed(caller: Caller, offer: Offer, query: str = "") -> list[str]:
    page = caller.get(f"/offers/{offer.public_id}/rooms{query}")
    return [row["id"] for row in page["results"]]


def seen(caller: Caller, room: str, etag: str = "", **headers: str) -> httpx.Response:
    return caller.ask("GET", f"/rooms/{room}", If_None_Match=etag, **headers)


def test_the_fewest_seats_left_come_first_then_the_soonest_end(
    shop: Shop, guest: Caller, ann: Phone, bob: Phone, offer: Offer, move_clock: MoveClock
) -> None:
    early = opened_room(shop, ann, offer)
    move_clock(60)
    later = opened_room(shop, bob, offer)
    nearly = opened_room(shop, shop.phone("cleo"), offer, shop.phone("dora"))
    full = opened_room(shop, shop.phone("emma"), offer, *(shop.phone(n) for n in ("finn", "gus")))
    assert listed(guest, offer) == [nearly, early, later]
    assert full not in listed(shop, offer)
    shown = guest.get(f"/offers/{offer.public_id}")
    assert [row["id"] for row in shown["rooms"]["results"]] == [nearly, early, later]
    assert (shown["title"], shown["rooms"]["next"]) == ("Tea together", None)
    move_clock(DURATION + 30)
    assert listed(guest, offer) == [nearly, later]


def test_pages_follow_one_another(
    shop: Shop, guest: Caller, http: httpx.Client, offer: Offer
) -> None:
    rooms = [opened_room(shop, shop.phone(f"host{n}"), offer) for n in range(5)]
    found: list[str] = []
    address: str | None = f"/offers/{offer.public_id}/rooms?limit=2"
    while address:
        page = accepted(
            http.get(address if address.startswith("http") else f"/api/v1{address}"), 200
        )
        assert len(page["results"]) <= 2
        found += [row["id"] for row in page["results"]]
        address = page["next"]
    assert found == rooms
    for odd in ("x", "WzAsMCwwLDBd", "W10", "é", "WzEsMSwiMjAyNi0wMS0wMSIsMV0"):
        answer = guest.ask("GET", f"/offers/{offer.public_id}/rooms?cursor={odd}")
        assert_refused(answer, 404, "not_found")
    for odd in ("0", "-1", "x", "9999999999"):
        assert len(listed(guest, offer, f"?limit={odd}")) == 5


def test_friends_come_first(
    shop: Shop, guest: Caller, ann: Phone, bob: Phone, cleo: Phone, offer: Offer
) -> None:
    """bob brought ann; dora has sat with bob; emma's link brought bob to a seat."""
    dora, emma = shop.phone("dora"), shop.phone("emma")
    ann.join(offer.campaign.public_id, code=bob.link(offer.campaign.public_id))
    past = opened_room(shop, emma, make_offer(offer.campaign, size=3))
    shop.paid(bob, bob.seat(past, code=emma.room_link(past)))
    shop.paid(dora, dora.seat(past))

    strangers = opened_room(shop, cleo, offer, shop.phone("finn"))
    of = {friend.name: opened_room(shop, friend, offer) for friend in (ann, dora, emma)}
    assert listed(guest, offer)[0] == strangers
    assert listed(cleo, offer)[0] == strangers
    page = bob.get(f"/offers/{offer.public_id}/rooms")["results"]
    assert [row["id"] for row in page] == [*of.values(), strangers]
    assert [row["with_friends"] for row in page] == [True, True, True, False]
    assert not any(row["is_mine"] for row in page)
    bobs = ann.get(f"/offers/{offer.public_id}/rooms")["results"]
    assert [row["id"] for row in bobs if row["is_mine"]] == [of["ann"]]
    acting = shop.ask("GET", f"/offers/{offer.public_id}/rooms", On_Behalf_Of="bob")
    assert acting.json()["results"][0]["id"] == of["ann"]


def test_a_room_is_listed_as_its_offer_says(
    shop: Shop, guest: Caller, ann: Phone, bob: Phone, cleo: Phone, offer: Offer
) -> None:
    bob.join(offer.campaign.public_id, code=ann.link(offer.campaign.public_id))
    room = opened_room(shop, ann, offer)
    Room.objects.update(listing="friends")
    assert listed(bob, offer) == listed(ann, offer) == [room]
    assert listed(guest, offer) == listed(cleo, offer) == listed(shop, offer) == []
    Room.objects.update(listing="link")
    assert listed(bob, offer) == []
    assert guest.get(f"/rooms/{room}")["id"] == room  # who has the link may look


def test_a_room_is_polled_for_next_to_nothing(
    shop: Shop, guest: Caller, ann: Phone, bob: Phone, offer: Offer
) -> None:
    room = opened_room(shop, ann, offer)
    first = seen(guest, room)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Visit-Token"} <= set(first.headers["Vary"].split(", "))
    body = first.json()
    assert (body["state"], body["missing"], body["words"]["title"]) == (
        "open",
        2,
        "2 more people to go",
    )
    assert 3500 < body["seconds_left"] <= DURATION
    assert [item["price_now_minor"] for item in body["items"]] == [PRICE]
    etag = first.headers["ETag"]
    for known in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
        again = seen(guest, room, known)
        assert again.status_code == (304 if etag in known else 200)
    assert seen(guest, room, etag).content == b""
    # What happens in another room of the offer is no news here.
    opened_room(shop, shop.phone("dora"), offer)
    assert seen(guest, room, etag).status_code == 304

    seat = bob.seat(room)
    held = seen(guest, room, etag)
    assert (held.status_code, held.json()["held"]) == (200, 1)
    shop.paid(bob, seat)
    paid = seen(guest, room, held.headers["ETag"])
    assert (paid.json()["paid"], paid.json()["words"]["title"]) == (2, "1 more person to go")
    shop.put("/members/bob", {"nickname": "Bobby"})
    renamed = seen(guest, room, paid.headers["ETag"])
    assert "Bobby" in {place["nickname"] for place in renamed.json()["places"]}


def test_what_a_guest_sees(shop: Shop, guest: Caller, ann: Phone, bob: Phone, offer: Offer) -> None:
    room = opened_room(shop, ann, offer, bob)
    token = bob.visit(bob.room_link(room))
    with_token = seen(guest, room, Visit_Token=token).json()
    assert with_token["inviter"] == {"nickname": "Bob", "avatar_url": ""}
    assert with_token["my_seat"] is None
    assert seen(guest, room, Visit_Token="cut off").json()["inviter"] is None
    assert seen(guest, room).json()["inviter"] is None
    told = seen(guest, room).text
    for secret in ("mem_", "seat_", "order-", "par_", "external_id"):
        assert secret not in told
    assert_refused(seen(guest, "room_unknown"), 404, "room_unknown")


def test_a_pending_room_shows_nobody(shop: Shop, guest: Caller, ann: Phone, offer: Offer) -> None:
    room, seat = ann.open_room(offer.public_id)
    shown = seen(guest, room).json()
    assert (shown["state"], shown["words"]["title"]) == ("pending", "This group is not open yet")
    assert {place["nickname"] for place in shown["places"]} == {""}
    assert ann.get(f"/rooms/{room}")["my_seat"]["id"] == seat


def test_ones_own_seat_and_what_to_do_next(
    shop: Shop,
    ann: Phone,
    bob: Phone,
    cleo: Phone,
    offer: Offer,
    drain: Drain,
    move_clock: MoveClock,
) -> None:
    def next_of(phone: Phone, etag: str = "") -> tuple[str, str]:
        answer = seen(phone, room, etag)
        assert answer.status_code == 200
        return answer.json()["my_seat"]["next"], answer.headers["ETag"]

    room = opened_room(shop, ann, offer)
    seat = bob.seat(room)
    assert bob.get(f"/rooms/{room}")["my_seat"]["id"] == seat
    assert ann.get(f"/rooms/{room}")["my_seat"]["status"] == "paid"
    assert cleo.get(f"/rooms/{room}")["my_seat"] is None
    assert next_of(ann)[0] == "share"
    step, etag = next_of(bob)
    assert step == "pay"
    accepted(bob.ask("DELETE", f"/seats/{seat}"), 204)
    step, etag = next_of(bob, etag)
    assert step == "join_again"
    shop.paid(bob, bob.seat(room))
    move_clock(DURATION + 1)
    drain()
    step, etag = next_of(bob, etag)
    assert step == "expect_refund"
    assert seen(bob, room, etag).status_code == 304
    for order in shop.refund_orders("requested"):
        accepted(shop.confirm(order["id"]), 200)
    assert next_of(bob, etag)[0] == "refunded"
    shown = bob.get(f"/rooms/{room}")
    assert shown["my_seat"]["refund"]["amount_minor"] == PRICE
    assert (shown["state"], shown["words"]["text"]) == (
        "failed",
        "Everybody who paid gets their money back from the shop.",
    )


def test_a_cancelled_room_says_why(shop: Shop, guest: Caller, ann: Phone, offer: Offer) -> None:
    room = opened_room(shop, ann, offer)
    room_cancel(room_id=Room.objects.get().pk, reason="recall")
    shown = guest.get(f"/rooms/{room}")
    assert shown["state"] == "cancelled"
    assert shown["words"]["text"].startswith("The shop has cancelled it: recall.")


def test_my_rooms(
    shop: Shop,
    ann: Phone,
    bob: Phone,
    cleo: Phone,
    offer: Offer,
    drain: Drain,
    move_clock: MoveClock,
) -> None:
    old = opened_room(shop, ann, offer)
    shop.paid(bob, bob.seat(old))
    move_clock(DURATION + 1)
    drain()
    hosted = opened_room(shop, bob, offer)
    joined = opened_room(shop, cleo, offer)
    left = bob.seat(joined)
    accepted(bob.ask("DELETE", f"/seats/{left}"), 204)
    again = bob.seat(joined)
    mine = bob.get("/me/rooms")["results"]
    assert [(row["id"], row["state"], row["is_host"], row["my_seat"]["next"]) for row in mine] == [
        (joined, "open", False, "pay"),
        (hosted, "open", True, "share"),
        (old, "failed", False, "expect_refund"),
    ]
    assert mine[0]["my_seat"]["id"] == again
    first = bob.get("/me/rooms?limit=2")
    assert [row["id"] for row in first["results"]] == [joined, hosted]
    assert first["next"]
    assert ann.get("/me/rooms")["results"][0]["is_host"]
    assert shop.phone("dora").get("/me/rooms")["results"] == []
    assert_refused(Caller(shop._http).ask("GET", "/me/rooms"), 401, "unauthenticated")
    assert_refused(shop.ask("GET", "/me/rooms"), 403, "forbidden")


def card(phone: Phone, room: str) -> Any:
    return accepted(phone.put(f"/rooms/{room}/link"))


def test_who_passes_a_room_on_is_the_inviter(
    shop: Shop, http: httpx.Client, ann: Phone, bob: Phone, cleo: Phone, offer: Offer, drain: Drain
) -> None:
    """ann hosts, bob joins by her link and passes it on, cleo joins by his: the room fills."""
    room = opened_room(shop, ann, offer)
    shop.paid(bob, bob.seat(room, visit_token=bob.visit(ann.room_link(room))))
    shared = card(bob, room)
    assert shared["card"] == {"title": "Tea together", "picture_url": ""}
    assert shared["url"].endswith(f"/s/{shared['scene']}")
    assert shared["code"] not in (ann.put(f"/rooms/{room}/link").json()["code"], "")
    for picture in ("qr_url", "poster_url"):
        drawn = http.get(shared[picture])
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/png")

    visit = accepted(cleo.post("/visits", {"code": shared["scene"]}))
    assert visit["target"] == {"kind": "room", "room": room}
    assert visit["inviter"]["nickname"] == "Bob"
    seat = cleo.seat(room, visit_token=visit["visit_token"])
    inviter = Seat.objects.get(public_id=seat).inviter
    assert inviter is not None
    assert inviter.member.public_id == bob.member
    rows = {row.member.public_id: row for row in Participant.objects.select_related("member")}
    assert rows[cleo.member].referrer == rows[bob.member]
    assert rows[bob.member].referrer == rows[ann.member]
    # cleo may still be brought by somebody else: the room, the qualifying act, is not complete.
    assert {row.status for row in rows.values()} == {"provisional"}
    shop.paid(cleo, seat)
    drain()
    assert set(Participant.objects.values_list("status", flat=True)) == {"confirmed"}
    assert shop.room(room)["state"] == "completed"


def test_a_stream_is_found_where_it_is_served(
    shop: Shop, guest: Caller, ann: Phone, offer: Offer, streams_port: int
) -> None:
    room = opened_room(shop, ann, offer)
    answer = guest.ask("GET", f"/rooms/{room}/stream?as=page", Accept="text/event-stream")
    assert answer.status_code == 307
    there = f"http://127.0.0.1:{streams_port}/api/v1/rooms/{room}/stream?as=page"
    assert answer.headers["location"] == there

"""Rooms pushed over real sockets: what listeners hear, and what becomes of odd ones."""

import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from django.db import connection

from apps.groupbuy.models import Room
from apps.groupbuy.services import room_cancel
from apps.members.models import Profile
from tests.flows.client import PROBLEM
from tests.makers import make_member, make_offer
from tests.pages.makers import make_room, make_shop_campaign, pay, take_seat
from tests.streams.ears import Crowd, ear


def listeners(url: str) -> int:
    return int(httpx.get(f"{url}/livez", timeout=30).json()["listeners"])


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.1)


def test_bob_watches_anns_room_to_its_end(committed: None, streamed: str) -> None:
    room = make_room("ann", size=2)
    with ear(streamed, room.public_id) as bobs:
        assert bobs.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert bobs.response.headers["access-control-allow-origin"] == "*"
        first = bobs.next("room")
        assert (first.json()["state"], first.json()["paid"]) == ("open", 1)
        assert "mem_" not in first.data
        seat = take_seat(room, make_member("cleo"))
        held = bobs.next("room")
        assert (held.json()["state"], held.json()["held"]) == ("full", 1)
        assert held.id != first.id
        pay(seat)
        last = bobs.next("room")
        assert last.json()["words"]["title"] == "This group is complete"
        assert bobs.rest() == ["end"]
    # Whoever knows the end is told not to come again, others hear it once.
    path = f"{streamed}/api/v1/rooms/{room.public_id}/stream"
    assert httpx.get(path, headers={"Last-Event-ID": last.id}, timeout=30).status_code == 204
    with ear(streamed, room.public_id) as late:
        assert late.rest() == ["room", "end"]


def test_who_comes_back_hears_only_what_is_new(committed: None, streamed: str) -> None:
    room = make_room("ann", size=4)
    with ear(streamed, room.public_id) as bobs:
        known = bobs.next("room").id
    with ear(streamed, room.public_id, last=known) as again:
        seat = take_seat(room, make_member("cleo"))
        heard = again.next("room")
        assert heard.json()["held"] == 1
        pay(seat)
    with ear(streamed, room.public_id, last=heard.id) as again:
        assert again.next("room").json()["paid"] == 2  # what was missed meanwhile


def test_the_page_is_told_in_its_own_form(committed: None, streamed: str) -> None:
    room = make_room("<b>ann</b>", size=3)
    with ear(streamed, room.public_id) as app, ear(streamed, room.public_id, "?as=page") as page:
        assert app.next("room").json()["missing"] == 2
        assert "2 more people to go" in page.next("room").data
        take_seat(room, make_member("bob"))
        assert app.next("room").json()["held"] == 1
        told = page.next("room").data
        assert "1 paying now" in told
        assert "<b>ann" not in told


def test_a_cancelled_room_says_so(committed: None, streamed: str) -> None:
    room = make_room("ann", size=3)
    with ear(streamed, room.public_id) as bobs:
        bobs.next("room")
        room_cancel(room_id=room.pk, reason="recall")
        assert bobs.next("room").json()["state"] == "cancelled"
        assert bobs.rest() == ["end"]


def test_what_is_no_stream(committed: None, streamed: str) -> None:
    room = make_room("ann").public_id
    for method, path, status, code in (
        ("GET", "/api/v1/rooms/room_unknown/stream", 404, "room_unknown"),
        ("GET", f"/api/v1/rooms/{room}", 404, "not_found"),
        ("GET", "/api/v1/rooms/%00/stream", 404, "not_found"),
        ("GET", f"/api/v1/rooms/{'x' * 500}/stream", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("POST", f"/api/v1/rooms/{room}/stream", 405, "method_not_allowed"),
        ("HEAD", f"/api/v1/rooms/{room}/stream", 405, ""),
    ):
        answer = httpx.request(method, f"{streamed}{path}", timeout=30)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
        if code:
            assert answer.json()["code"] == code
    for query in ("?as=", "?as=%ff", "?as=page&as=json", "?%00"):
        with ear(streamed, room, query) as heard:
            assert heard.next().name == "room"
    until(lambda: listeners(streamed) == 0)


def test_more_than_it_may_have_are_told_to_poll(committed: None, hasty: str) -> None:
    room = make_room("ann").public_id
    with ear(hasty, room), ear(hasty, room), ear(hasty, room) as third:
        third.next("room")
        answer = httpx.get(f"{hasty}/api/v1/rooms/{room}/stream", timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (503, "streams_full")
        assert answer.headers["retry-after"] == "5"
    until(lambda: listeners(hasty) == 0)
    with ear(hasty, room) as next_one:
        assert next_one.next().name == "room"


@pytest.mark.slow
def test_five_hundred_listen_to_one_room(committed: None, streamed: str) -> None:
    room = make_room("ann", size=100)

    crowd = Crowd(streamed, room.public_id)
    try:
        crowd.gather(500)
        assert listeners(streamed) == 500
        assert watching() == 1
        bob = make_member("bob")
        began = time.monotonic()
        take_seat(room, bob)
        crowd.hear('"held":1')
        print(f"500 were told within {time.monotonic() - began:.2f} s")
        pay(room.seats.get(member=bob))
        crowd.hear('"paid":2')
    finally:
        crowd.scatter()
    until(lambda: listeners(streamed) == 0)


def watching() -> int:
    """The connections of processes of streams to this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'referral_engine streams'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.slow
def test_who_does_not_read_is_dropped_and_holds_nobody_up(committed: None, hasty: str) -> None:
    room = make_room("ann", *(f"guest{n}" for n in range(9)), size=100)
    Profile.objects.update(avatar_url="https://pictures.example/" + "x" * 470)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    at = urlsplit(hasty)
    deaf.connect((at.hostname, at.port))
    deaf.sendall(f"GET /api/v1/rooms/{room.public_id}/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    with ear(hasty, room.public_id) as bobs:
        until(lambda: listeners(hasty) == 2)
        give_up = time.monotonic() + 150
        renames = 0
        while listeners(hasty) == 2:
            assert time.monotonic() < give_up, "the deaf one is still there"
            for _ in range(20):
                renames += 1
                Profile.objects.update(nickname=f"ann {renames}")
                time.sleep(0.06)
        while bobs.next("room").json()["places"][0]["nickname"] != f"ann {renames}":
            pass
    deaf.close()


@pytest.mark.slow
def test_a_quiet_line_ticks_with_the_databases_clock(
    committed: None, streamed: str, move_clock: Callable[[float], None]
) -> None:
    move_clock(7200)
    offer = make_offer(make_shop_campaign(), size=3)
    room = make_room("ann", offer=offer)
    with ear(streamed, room.public_id) as bobs:
        first = bobs.next("room").json()
        tick = bobs.next()
        assert tick.name == "tick"
        assert first["now"] < tick.json()["now"] < first["deadline_at"]
    assert Room.objects.get().status == "open"

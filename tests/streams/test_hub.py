"""How events are spelt, and who is told what, without a socket."""

import asyncio
import datetime as dt
import json

import pytest

from apps.groupbuy.streams import frames
from apps.groupbuy.streams.hub import Hub, Shown, StreamsFull

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def shown(mark: str, **forms: str) -> Shown:
    return Shown(mark, False, forms or {"json": mark})  # type: ignore[arg-type]


def test_an_event_is_what_it_was_whatever_is_in_it() -> None:
    said = {"nickname": "a\x85b\u2028c\x0bd"}
    spelt = frames.event("room", said, mark="m1").decode()
    assert spelt.startswith("event: room\nid: m1\ndata: {")
    assert spelt.endswith("}\n\n")
    [data] = [line for line in spelt.split("\n") if line.startswith("data: ")]
    assert json.loads(data.removeprefix("data: ")) == said
    page = frames.event("room", "<p>\r\n</p>\r").decode()
    assert page == "event: room\ndata: <p>\ndata: </p>\ndata: \n\n"
    assert frames.opening().startswith(b"retry: 3000\n")


def test_a_listener_is_told_the_latest_and_nothing_piles_up() -> None:
    async def story() -> None:
        hub = Hub(limit=2)
        bob, cleo = hub.join("tea", "json"), hub.join("coffee", "json")
        with pytest.raises(StreamsFull):
            hub.join("tea", "json")
        assert hub.asked.is_set()
        for number in range(3):
            hub.show(NOW, {"tea": shown(f"m{number}")}, ())
        assert bob.wake.is_set()
        assert not cleo.wake.is_set()
        latest = hub.shown(bob)
        assert latest is not None
        assert latest.mark == "m2"
        hub.leave(bob)
        assert list(hub.wanted()) == ["coffee"]
        hub.join("tea", "json")

    asyncio.run(story())


def test_a_form_that_nobody_wanted_yet_is_asked_for_anew() -> None:
    async def story() -> None:
        hub = Hub(limit=9)
        hub.join("tea", "json")
        hub.show(NOW, {"tea": shown("m1", json="{}")}, ())
        assert hub.wanted()["tea"][0] == "m1"
        page = hub.join("tea", "page")
        assert hub.shown(page) is None
        assert hub.wanted()["tea"] == ("", frozenset({"json", "page"}))
        hub.show(NOW, {"tea": shown("m1", json="{}", page="<p>")}, ())
        assert hub.wanted()["tea"][0] == "m1"

    asyncio.run(story())


def test_who_waits_for_the_database_is_told_once_and_again_when_it_is_back() -> None:
    async def story() -> None:
        hub = Hub(limit=9)
        bob = hub.join("tea", "json")
        hub.show(NOW, {"tea": shown("m1")}, ())
        assert (hub.now() or "") >= NOW.isoformat()
        bob.wake.clear()
        hub.away()
        assert bob.wake.is_set()
        bob.wake.clear()
        hub.away()
        assert not bob.wake.is_set()
        hub.show(NOW, {}, ())
        assert bob.wake.is_set()
        assert not hub.is_away

    asyncio.run(story())

"""The demo's shop behind its own address."""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from standardwebhooks import Webhook

from apps.demo.client import Engine
from apps.demo.shop import Shop, ShopServer

SECRET = "whsec_" + "c2VjcmV0" * 5


class FakeEngine:
    """Enough of the engine to sell a seat and to take a refund's confirmation."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        self.asked.append(f"{request.method} {path}")
        if self.status != 200:
            return httpx.Response(self.status, json={"code": "no", "detail": "the room is <full>"})
        if path == "/refund-orders":
            return httpx.Response(200, json={"results": [{"id": "rfo_1"}, {"id": "rfo_2"}]})
        answer = {"token": "t", "id": "seat_1", "price_minor": 6900, "currency": "CNY"}
        return httpx.Response(200, json=answer)


@pytest.fixture
def fake() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def shop(fake: FakeEngine) -> Iterator[Shop]:
    transport = httpx.MockTransport(fake)
    with closing(Engine("http://engine", "k", patience=0.1, transport=transport)) as engine:
        yield Shop(engine, SECRET, "tea")


@pytest.fixture
def address(shop: Shop) -> Iterator[str]:
    server = ShopServer()
    server.open(shop)
    yield server.url
    server.close()


def told(address: str, kind: str, secret: str = SECRET) -> int:
    body = json.dumps({"type": kind, "data": {"refund_order": "rfo_1"}})
    at = dt.datetime.now(dt.UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body),
    }
    return httpx.post(f"{address}/webhooks", content=body, headers=headers).status_code


def test_a_requested_refund_is_confirmed(address: str, shop: Shop, fake: FakeEngine) -> None:
    assert told(address, "refund.requested") == 204
    assert told(address, "room.completed") == 204
    assert fake.asked == ["POST /refund-orders/rfo_1/confirm"]
    assert shop.confirmed == {"rfo_1"}


def test_a_forged_message_is_refused(address: str, fake: FakeEngine) -> None:
    assert told(address, "refund.requested", "whsec_" + "Zm9yZ2Vk" * 5) == 400
    assert fake.asked == []


@pytest.mark.parametrize("status", [503, 404])
def test_what_could_not_be_confirmed_is_told_again(
    address: str, shop: Shop, fake: FakeEngine, status: int
) -> None:
    fake.status = status
    assert told(address, "refund.requested") == 503
    assert shop.confirmed == set()


def test_catching_up_confirms_all_that_is_asked(shop: Shop) -> None:
    shop.catch_up()
    assert shop.confirmed == {"rfo_1", "rfo_2"}


def test_a_visitor_buys_and_goes_back_to_the_group(address: str, fake: FakeEngine) -> None:
    answer = httpx.get(f"{address}/join?room=room_1&visit=v")
    assert (answer.status_code, answer.headers["Location"]) == (303, "http://engine/g/room_1")
    register, *rest = fake.asked
    assert register.startswith("PUT /members/demo-visitor-")
    assert rest == ["POST /client-tokens", "POST /rooms/room_1/seats", "POST /orders"]


def test_a_visitor_who_comes_too_late_is_told_why(address: str, fake: FakeEngine) -> None:
    fake.status = 409
    answer = httpx.get(f"{address}/join?room=room_1")
    assert answer.status_code == 409
    assert "the room is &lt;full&gt;" in answer.text


def test_there_is_nothing_else(address: str) -> None:
    assert httpx.get(f"{address}/").status_code == 404
    assert httpx.post(f"{address}/join", content=b"").status_code == 404

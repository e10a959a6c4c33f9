"""How a shop calls the engine: again and again with the same key, until there is an answer."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.demo.client import Engine, EngineAway, EngineRefused

Answer = Callable[[httpx.Request], httpx.Response]


class Doors:
    """Answers requests in turn, the last answer for ever, and remembers the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def engine(doors: Answer, **more: Any) -> Engine:
    return Engine("http://engine", "sk_live_1", transport=httpx.MockTransport(doors), **more)


def problem(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": f"because of {code}"})


def test_a_request_is_repeated_with_the_same_key_until_it_is_answered() -> None:
    doors = Doors(
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut off"),
        httpx.Response(502, text="bad gateway"),
        problem(503, "busy"),
        problem(409, "request_in_flight"),
        httpx.Response(201, json={"order_id": "1"}),
    )
    waited: list[None] = []
    answer = engine(doors, on_away=lambda: waited.append(None)).server(
        "POST", "/orders", {"order_id": "1"}, key="order-1"
    )
    assert answer == {"order_id": "1"}
    assert len(waited) == 5
    sent = {(str(r.url), r.headers["Idempotency-Key"], r.content) for r in doors.asked}
    assert sent == {("http://engine/api/v1/orders", "order-1", b'{"order_id":"1"}')}
    assert len(doors.asked) == 6


@pytest.mark.parametrize(("status", "code"), [(409, "room_full"), (422, "invalid"), (500, "")])
def test_a_refusal_is_not_repeated(status: int, code: str) -> None:
    doors = Doors(problem(status, code))
    with pytest.raises(EngineRefused, match=f"POST /orders: {status} {code}: because of"):
        engine(doors).server("POST", "/orders", {}, key="1")
    assert len(doors.asked) == 1


def test_patience_ends() -> None:
    with pytest.raises(EngineAway, match="no answer from http://engine"):
        engine(Doors(httpx.ConnectError("refused")), patience=0.2).public("GET", "/rooms/1")


def test_waiting_ends_when_no_answer_can_come() -> None:
    class Ended(Exception):
        pass

    def ended() -> None:
        raise Ended

    doors = Doors(httpx.ConnectError("refused"))
    with pytest.raises(Ended):
        engine(doors, on_away=ended).public("GET", "/rooms/1")
    assert len(doors.asked) == 1


def test_a_member_gets_a_token_once_and_a_new_one_when_it_expired() -> None:
    doors = Doors(
        httpx.Response(201, json={"token": "first"}),
        httpx.Response(200, json={}),
        problem(401, "unauthenticated"),
        httpx.Response(201, json={"token": "second"}),
        httpx.Response(200, json={}),
    )
    shop = engine(doors)
    assert not shop.knows("ann")
    for _ in range(2):
        shop.member("ann", "PUT", "/campaigns/1/link", {})
    assert shop.knows("ann")
    credentials = [request.headers["Authorization"] for request in doors.asked]
    assert credentials == [
        "Bearer sk_live_1",
        "Bearer first",
        "Bearer first",
        "Bearer sk_live_1",
        "Bearer second",
    ]


def test_phones_say_that_they_are_phones() -> None:
    doors = Doors(httpx.Response(201, json={"token": "t"}))
    engine(doors).public("POST", "/visits", {"code": "x"})
    assert "MicroMessenger" in doors.asked[0].headers["User-Agent"]
    assert "Authorization" not in doors.asked[0].headers

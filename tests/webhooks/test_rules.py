"""What is sent, where to, and when again. No database."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.webhooks.rules import (
    JITTER,
    MAX_ATTEMPTS,
    PAUSES,
    address_problem,
    message_body,
    pause_after,
)


@given(st.integers(1, MAX_ATTEMPTS - 1), st.floats(0, 1))
def test_a_pause_is_never_shorter_than_its_step(attempts: int, jitter: float) -> None:
    pause = pause_after(attempts, jitter=jitter)
    step = PAUSES[attempts - 1]
    assert pause is not None
    assert step <= pause <= step * (1 + JITTER)


def test_after_the_last_attempt_comes_none() -> None:
    assert pause_after(MAX_ATTEMPTS, jitter=0) is None
    assert sum(PAUSES, dt.timedelta()) > dt.timedelta(days=1), "a shop may be down for a day"


def test_a_message_is_the_same_text_every_time() -> None:
    at = dt.datetime(2026, 5, 4, 20, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    body = message_body("order.paid", "order.paid:1", at, {"b": 1, "a": "宁波"})
    assert body == message_body("order.paid", "order.paid:1", at, {"a": "宁波", "b": 1})
    assert json.loads(body) == {
        "type": "order.paid",
        "id": "order.paid:1",
        "timestamp": "2026-05-04T12:00:00Z",
        "data": {"a": "宁波", "b": 1},
    }


@pytest.mark.parametrize(
    "url", ["https://shop.example/hook?a=1", "http://shop:8000/hook", "http://127.0.0.1:9/x"]
)
def test_addresses_that_can_be_posted_to(url: str) -> None:
    assert address_problem(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example/hook",
        "ftp://shop.example",
        "javascript:alert(1)",
        "https://",
        "https://ann:secret@shop.example/",
        "https://shop.example/#top",
        "https://shop.example:port/",
        "http://[::1/",
        "https://shop.example/" + "x" * 500,
    ],
)
def test_addresses_that_cannot(url: str) -> None:
    assert address_problem(url)

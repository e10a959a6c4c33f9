"""Mallory tries codes: all answers are alike, and soon there are none."""

import itertools
import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.test import Client

from apps.core import guesses
from apps.core.proxies import client_address
from apps.invites.front import Front
from apps.invites.models import Visit
from apps.members.credentials import MemberClaims, member_token_issue
from tests.conftest import free_port
from tests.invites.test_front import ask, django, door
from tests.makers import make_key, make_member, now
from tests.pages.makers import PHONE, make_link
from tests.races.threads import at_once

FIXTURES = (django, door)
_addresses = itertools.count(1)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """Three for an address, two for a member, in a window that does not end meanwhile."""
    settings.GUESSES_PER_ADDRESS, settings.GUESSES_PER_MEMBER = 3, 2
    monkeypatch.setattr(guesses, "WINDOW_SECONDS", 10**8)
    guesses._over.clear()
    yield
    guesses._over.clear()


@pytest.fixture
def address() -> str:
    """Where nobody has guessed yet."""
    return f"2001:db8::{secrets.token_hex(2)}:{next(_addresses)}"


def look(address: str, code: str = "nosuchcode", below: str = "", **meta: str) -> Any:
    client = Client(HTTP_USER_AGENT=PHONE, REMOTE_ADDR=address)
    return client.get(f"/s/{code}{below}", **meta)


def test_all_answers_are_alike_and_soon_there_are_none(db: None, address: str) -> None:
    link = make_link()
    tries = [look(address, below=below) for below in ("", "/qr.png", "/qr.svg")]
    assert {answer.status_code for answer in tries} == {404}
    assert len({answer.content for answer in tries}) == 1
    assert [answer["RateLimit-Remaining"] for answer in tries] == ["2", "1", "0"]
    assert {answer["RateLimit-Limit"] for answer in tries} == {"3"}
    refused = [look(address), look(address, link.code), look(address, link.code, "/qr.png")]
    assert {answer.status_code for answer in refused} == {429}
    assert len({answer.content for answer in refused}) == 1
    assert all(answer["Retry-After"] == answer["RateLimit-Reset"] for answer in refused)
    assert not Visit.objects.exists()
    assert look(f"{address}1", link.code).status_code == 200


def test_what_is_found_is_not_counted(db: None, address: str) -> None:
    link = make_link()
    for _ in range(5):
        answer = look(address, link.code)
        assert (answer.status_code, "RateLimit-Limit" in answer) == (200, False)


def test_the_window_ends(db: None, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        last = look(address)
    assert last.status_code == 429
    later = time.time() + guesses.WINDOW_SECONDS
    monkeypatch.setattr("apps.core.guesses.time.time", lambda: later)
    assert look(address).status_code == 404


def test_the_front_door_refuses_too(committed: None, door: Front, address: str) -> None:
    link = make_link()
    assert ask(door, f"/s/{link.code}", REMOTE_ADDR=address).status == 200
    for _ in range(3):
        assert ask(door, "/s/nosuchcode", REMOTE_ADDR=address).status == 404
    assert ask(door, f"/s/{link.code}", REMOTE_ADDR=address).status == 429
    assert Visit.objects.count() == 1


def test_a_header_anybody_can_send_changes_nothing(db: None, address: str) -> None:
    answers = [look(address, HTTP_X_FORWARDED_FOR=f"192.0.2.{n}").status_code for n in range(4)]
    assert answers == [404, 404, 404, 429]


def test_behind_a_proxy_only_what_it_saw_counts(db: None, address: str, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    seen = [f"192.0.2.{n}, {address}" for n in range(4)]  # mallory's own word, then the proxy's
    answers = [look("10.0.0.1", HTTP_X_FORWARDED_FOR=told).status_code for told in seen]
    assert answers == [404, 404, 404, 429]
    other = look("10.0.0.1", HTTP_X_FORWARDED_FOR=f"{address}, {address}9")
    assert other.status_code == 404


@pytest.mark.parametrize(
    ("proxies", "told", "wanted"),
    [
        (0, "192.0.2.1", "10.0.0.1"),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "made up, 192.0.2.1", "192.0.2.1"),
        (2, "made up, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
        (2, "192.0.2.1", "192.0.2.1"),
        (1, "", "10.0.0.1"),
        (1, " , ", "10.0.0.1"),
    ],
)
def test_who_is_at_the_other_end(settings: Any, proxies: int, told: str, wanted: str) -> None:
    settings.TRUSTED_PROXIES = proxies
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": told}
    assert client_address(meta) == wanted


def test_a_member_is_limited_wherever_they_are_and_the_shop_is_not(db: None) -> None:
    mallory = make_member("mallory")
    claims = MemberClaims(mallory.pk, mallory.public_id, False)
    token = member_token_issue(claims, now=now())[0]

    def try_code(credential: str) -> Any:
        return Client(REMOTE_ADDR=f"2001:db8:1::{next(_addresses)}").post(
            "/api/v1/visits",
            {"code": "nosuchcode"},
            content_type="application/json",
            headers={
                "Authorization": f"Bearer {credential}",
                "Idempotency-Key": secrets.token_hex(),
            },
        )

    answers = [try_code(token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert answers[1]["RateLimit-Remaining"] == "0"
    assert answers[2].json()["code"] == "too_many_guesses"
    assert int(answers[2]["Retry-After"]) > 0
    key = make_key()
    assert {try_code(key).status_code for _ in range(5)} == {404}


# While the cache is away nobody is counted, and links open.


def test_nobody_is_counted_while_the_cache_is_away(
    db: None, address: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    link, other = make_link(), f"{address}1"
    assert [look(other).status_code for _ in range(4)] == [404, 404, 404, 429]
    there = settings.CACHES
    settings.CACHES = {
        "default": {**there["default"], "LOCATION": f"redis://127.0.0.1:{free_port()}"}
    }
    tries = [look(address) for _ in range(5)]
    assert {answer.status_code for answer in tries} == {404}
    assert not any("RateLimit-Limit" in answer for answer in tries)
    assert "guesses are not counted" in caplog.text
    assert look(address, link.code).status_code == 200
    assert look(other, link.code).status_code == 429  # who was over is remembered
    settings.CACHES = there
    assert [look(address).status_code for _ in range(4)] == [404, 404, 404, 429]


# Many at once: the count is exact.


def guess_at_once(address: str) -> int:
    """How many of twenty guesses at a time are counted."""
    at_once(*[lambda: guesses.guessed({"REMOTE_ADDR": address})] * 20)
    [(who, _)] = guesses._limits({"REMOTE_ADDR": address}, None)
    return int(cache.get(f"guesses:{who}:{int(time.time()) // guesses.WINDOW_SECONDS}"))


def test_many_at_once_are_all_counted(address: str) -> None:
    assert guess_at_once(address) == 20


def test_control_looking_before_counting_loses_some(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_and_write(_cache: RedisCache, key: str) -> int:
        count = cache.get(key) + 1
        time.sleep(0.02)
        cache.set(key, count)
        return int(count)

    monkeypatch.setattr(RedisCache, "incr", look_and_write)
    assert guess_at_once(address) < 20

"""Whatever is sent to whichever door, the engine says what is wrong with it and never breaks."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

from apps.core.callers import Door
from tests.flows.client import PROBLEM, Phone, Shop, assert_refused, at
from tests.makers import make_campaign, make_offer

DEEP = "[" * 100_000
HUGE = 10**400

ODD_VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    2**63,
    HUGE,
    "",
    " ",
    "\0",
    "\ud800",
    "x" * 100_000,
    "汉" * 300,
    "😀",
    [],
    [None],
    [[]],
    {},
    {"": None},
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
]
ODD_BODIES = [
    *("", "{", "nul", "NaN", '{"a": NaN}', "[1e999]", '"\\ud800"', "\0", '{"a": 1, "a": 2}'),
    *(DEEP, '{"a":' * 100_000, "1" * 5000, "\ufeff{}"),
    *(json.dumps(value) for value in ODD_VALUES),
]
ODD_NAMES = [
    "%00",
    "a%00b",
    "x" * 129,
    "x" * 500,
    "汉" * 128,
    "%ff%fe",
    "%ED%A0%80",
    ".",
    "😀",
    "'",
]
# Paths that a phone calls, as patterns; filled by `doors`.
FOR_PHONES: set[str] = set()
LINE_FIELDS = ["line_id", "sku", "quantity", "amount_minor", "tags", "seat"]


def doors(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every (method, path) of the API, with <…> where a name stands."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from doors(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith("api/v1/"):
            view = pattern.callback.view_class  # type: ignore[attr-defined]
            if Door.MEMBER in view.doors:
                FOR_PHONES.add(re.sub("<[^>]*>", "[^/]*", "/" + path))
            for method in ("get", "post", "put", "patch", "delete"):
                if hasattr(view, method):
                    yield method.upper(), "/" + path


def fields_of_doors() -> dict[tuple[str, str], dict[str, Any]]:
    """The fields of every door's body, by (method, path without names), as the API describes them."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    found = {}
    for path, methods in schema["paths"].items():
        for method, door in methods.items():
            content = door.get("requestBody", {}).get("content", {}).get("application/json", {})
            reference = content.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
            if reference:
                shape = schema["components"]["schemas"][reference]
                key = (method.upper(), re.sub("{[^}]*}", "<>", path))
                found[key] = shape.get("properties", {})
    return found


def with_names(path: str, name: str) -> str:
    """`path` with its <…> replaced."""
    while "<" in path:
        before, rest = path.split("<", 1)
        path = before + name + rest.split(">", 1)[1]
    return path


class Odd:
    """Sends odd things, as the shop or as ann's phone, and demands an answer below 500."""

    def __init__(self, http: httpx.Client, shop: str, phone: str) -> None:
        self._http = http
        self._shop, self._phone = shop, phone
        self.sent = 0

    def send(self, method: str, path: str, content: str = "{}") -> None:
        mine = any(re.fullmatch(door, path.split("?")[0]) for door in FOR_PHONES)
        headers = {
            "Authorization": f"Bearer {self._phone if mine else self._shop}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"odd-{self.sent}",
            "Connection": "close",  # a door that refuses leaves the body unread
        }
        self.sent += 1
        body = content.encode("utf-8", "surrogatepass") if method in ("POST", "PUT") else b""
        answer = self._http.request(method, path, content=body, headers=headers)
        told = f"{method} {path[:80]} {content[:80]!r}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code < 500, told
        assert answer.status_code not in (401, 403), told
        if answer.status_code >= 400 and path.startswith("/api/"):
            assert answer.headers["content-type"] == PROBLEM, told
            assert answer.json()["code"], told


@pytest.fixture
def odd(shop: Shop, ann: Phone, http: httpx.Client) -> Odd:
    return Odd(http, shop.token, ann.token)


@pytest.fixture
def names(shop: Shop, ann: Phone) -> dict[str, str]:
    """Things that exist, by the name of their parameter."""
    campaign = make_campaign(enrolment="everyone", leaderboard_size=3)
    offer = make_offer(campaign, size=100).public_id
    room, seat = ann.open_room(offer)
    shop.paid(ann, seat)
    return {
        "campaign_id": campaign.public_id,
        "offer_id": offer,
        "room_id": room,
        "seat_id": seat,
        "external_id": "ann",
        "order_id": "o1",
    }


def existing(path: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        path = path.replace(f"<str:{name}>", value)
    return with_names(path, "nothing")


def test_every_door_is_found() -> None:
    found = set(doors())
    assert ("POST", "/api/v1/orders") in found
    assert len(found) > 30


def test_odd_bodies(odd: Odd, names: dict[str, str]) -> None:
    for method, path in doors():
        if method in ("POST", "PUT"):
            for body in ODD_BODIES:
                odd.send(method, existing(path, names), body)


def test_odd_names_in_paths(odd: Odd) -> None:
    for method, path in doors():
        if "<" in path:
            for name in ODD_NAMES:
                odd.send(method, with_names(path, name))


def test_odd_fields(odd: Odd, names: dict[str, str], shop: Shop, ann: Phone) -> None:
    described = fields_of_doors()
    for method, path in doors():
        last = [part for part in path.split("/") if "<" not in part][-1]
        sound = _sound(last, shop, ann)
        for field in described.get((method, re.sub("<[^>]*>", "<>", path)), {}):
            for value in ODD_VALUES:
                odd.send(method, existing(path, names), json.dumps({**sound, field: value}))


def _sound(door: str, shop: Shop, ann: Phone) -> dict[str, Any]:
    sound = {
        "orders": shop.report("o1", ann),
        "refunds": {"refund_id": "r1"},
        "client-tokens": {"external_id": "ann"},
        "webhook-endpoints": {"url": "https://shop.example/hook"},
        "spends": {"member": "ann", "order_id": "o9", "amount": 1},
        "events": {"member": "ann", "kind": "checked_in", "key": "k1", "occurred_at": at()},
        "reserve": {"member": "ann", "order_id": "o9"},
        "redeem": {"member": "ann", "order_id": "o9"},
        "growth": {"amount": 1, "reference": "review-1"},
        "quotes": {
            "member": "ann",
            "currency": "CNY",
            "lines": [{"line_id": "1", "sku": "tea", "amount_minor": 5000}],
        },
    }
    return sound.get(door, {})


def test_odd_lines(odd: Odd, shop: Shop, ann: Phone) -> None:
    report = shop.report("o1", ann)
    for field in LINE_FIELDS:
        for value in ODD_VALUES:
            lines = [{**report["lines"][0], field: value}]
            odd.send("POST", "/api/v1/orders", json.dumps({**report, "lines": lines}))
    for value in ODD_VALUES:
        lines = [{"line_id": value, "amount_minor": value}]
        body = {"refund_id": "r1", "lines": lines}
        odd.send("POST", "/api/v1/orders/o1/refunds", json.dumps(body))


@pytest.mark.parametrize(
    "query",
    [
        *("limit=x", "limit=-1", "limit=99999999999999999999", "status=%00", "status=nonsense"),
        *(
            "cursor=x",
            "cursor=%00",
            "cursor=cD14",
            "cursor=cD0lMDA=",
            "cursor=cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk=",
        ),
        *(
            "member=%00",
            "order=%00",
            "campaign=%ff",
            "depth=9999",
            "depth=%D9%A3",
            "depth=" + "9" * 5000,
        ),
    ],
)
def test_odd_queries(odd: Odd, names: dict[str, str], query: str) -> None:
    for method, path in doors():
        if method == "GET":
            odd.send("GET", f"{existing(path, names)}?{query}")


def test_odd_names_on_pages(http: httpx.Client, ann: Phone, names: dict[str, str]) -> None:
    code = ann.link(names["campaign_id"])
    paths = [f"/{page}/{name}" for page in "sg" for name in ODD_NAMES]
    paths += [f"/s/{name}/qr.{kind}" for kind in ("png", "svg") for name in ODD_NAMES]
    paths += [
        f"/s/{code}?channel=%00",
        f"/s/{code}?channel={'x' * 99}",
        f"/g/{names['room_id']}?visit=%00",
    ]
    for path in paths:
        assert http.get(path).status_code < 500, path


def test_odd_headers(shop: Shop, http: httpx.Client) -> None:
    for headers in (
        {"Authorization": b"Bearer \xff\xfe"},
        {"Authorization": b"Bearer sk_\xff"},
        {"Authorization": f"Bearer {shop.token}", "On-Behalf-Of": b"\xe6\xb1\x89"},
        {"Authorization": f"Bearer {shop.token}", "On-Behalf-Of": "x" * 999},
    ):
        answer = http.get("/api/v1/me", headers=headers)  # type: ignore[arg-type]
        assert answer.status_code in (401, 403, 404), answer.text
    campaign = make_campaign().public_id
    for key in ("x" * 999, b"\xe6\xb1\x89", "–".encode()):
        answer = http.post(
            f"/api/v1/campaigns/{campaign}/join",
            json={},
            headers={"Authorization": f"Bearer {shop.token}", "Idempotency-Key": key},  # type: ignore[dict-item]
        )
        assert answer.status_code < 500, answer.text


def test_malformed_json(shop: Shop, ann: Phone, http: httpx.Client) -> None:
    campaign = make_campaign().public_id
    auth = {"Authorization": f"Bearer {ann.token}", "Idempotency-Key": "k1"}
    path = f"/api/v1/campaigns/{campaign}/join"
    for content in (b"{", DEEP.encode(), b"\xff"):
        headers = {**auth, "Content-Type": "application/json"}
        assert_refused(http.post(path, content=content, headers=headers), 400, "malformed")
    form = http.post(path, data={"code": "x"}, headers=auth)
    assert_refused(form, 415, "unsupported_media_type")
    wrong = http.request("DELETE", path, headers=auth)
    assert_refused(wrong, 405, "method_not_allowed")
    for body in ([], "text", 1, None):
        refused = ann.ask("POST", f"/campaigns/{campaign}/join", body, Idempotency_Key="k2")
        assert refused.status_code in (201, 422), refused.text


def test_an_unknown_path_is_a_problem_too(http: httpx.Client) -> None:
    assert_refused(http.get("/api/v1/nothing"), 404, "not_found")

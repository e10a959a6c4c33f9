"""Doors that do all they do in one statement: as those of several steps do it, and once."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from apps.core import replies
from apps.core.callers import Caller, Door
from apps.core.models import Event, IdempotentReply
from apps.coupons.api import checkout as coupons_api
from apps.coupons.models import Coupon
from apps.coupons.services import spending
from apps.members.models import ServerKey
from apps.members.services import member_register
from apps.points import api as points_api
from apps.points.models import Account, Lot, Reservation, Taking, Transfer
from apps.points.services import one_statement
from tests.conftest import wipe
from tests.coupons import makers as coupons
from tests.makers import now
from tests.points import makers as points
from tests.races.threads import Gap, broken_promises, without

pytestmark = pytest.mark.usefixtures("committed")

SHOP = Caller(Door.SERVER, "key_1", is_test=False, scopes=frozenset({"rewards"}))


@dataclass(frozen=True)
class Answer:
    """What the shop is told, whichever way it came about."""

    status_code: int
    data: Any
    headers: Mapping[str, str]


Ask = Callable[..., Answer]


def post(view: Any, path: str, body: Any, key: str, **names: str) -> Answer:
    request = APIRequestFactory().post(
        f"/api/v1{path}", body, format="json", HTTP_IDEMPOTENCY_KEY=key
    )
    force_authenticate(request, token=SHOP)
    response = view.as_view()(request, **names)
    if isinstance(response, Response):
        response.render()
    return Answer(response.status_code, json.loads(response.content), response.headers)


def spend(name: str = "ann", *, key: str = "k1", amount: Any = 60, **more: Any) -> Answer:
    body = {"member": name, "order_id": "o1", "amount": amount, **more}
    return post(points_api.SpendsView, "/points/spends", body, key)


def redeem(name: str = "ann", *, key: str = "k1", code: str = "", **more: Any) -> Answer:
    code = code or Coupon.objects.get().code
    body = {"member": name, "order_id": "o1", **more}
    return post(coupons_api.CouponRedeemView, f"/coupons/{code}/redeem", body, key, code=code)


def make_ann() -> None:
    """She has a hundred points that go in two days, and a coupon; the shop has its key."""
    ServerKey.objects.create(public_id="key_1", name="shop", hashed="1", scopes=["rewards"])
    member, _ = member_register(external_id="ann", nickname="Ann", now=now())
    points.earn(member, 100, key="welcome", expires_at=now() + dt.timedelta(days=2))
    coupons.issue(coupons.make_template(), member)


def step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_statement, "_run", lambda *_what: [])
    monkeypatch.setattr(spending, "coupon_redeem_and_reply", lambda **_what: None)
    monkeypatch.setattr(coupons_api.services, "coupon_redeem_and_reply", lambda **_: None)
    monkeypatch.setattr(spending, "_redeem_in_hand", lambda *_what: None)


VOLATILE = ("id", "code", "template", "expires_at", "redeemed_at", "reserved_until")
ASKS: list[tuple[Ask, dict[str, Any]]] = [
    (spend, {}),
    (spend, {"ttl_seconds": 60}),
    (spend, {"amount": 100}),
    (spend, {"amount": 101}),
    (spend, {"amount": 0}),
    (spend, {"amount": "many"}),
    (spend, {"name": "nobody"}),
    (spend, {"order_id": "o" * 101}),
    (redeem, {}),
    (redeem, {"name": "nobody"}),
    (redeem, {"code": "nothing"}),
    (redeem, {"order_id": ""}),
]


def told(ask: Ask, given: dict[str, Any]) -> Any:
    """The answer twice, and all that is there afterwards, without ids and moments."""
    first, again = ask(**given), ask(**given)
    assert again.data == first.data or first.status_code >= 400
    replayed = again.headers.get("Idempotent-Replayed")
    shown = {name: value for name, value in first.data.items() if name not in VOLATILE}
    times = {name: first.data.get(name) is None for name in VOLATILE}
    left = (
        list(Account.objects.order_by("pk").values_list("purpose", "balance")),
        list(Transfer.objects.order_by("pk").values_list("kind", "amount", "reference")),
        list(Lot.objects.values_list("remaining")),
        list(Taking.objects.values_list("amount", "returned")),
        list(Reservation.objects.values_list("order_id", "amount", "status", "is_test")),
        list(Coupon.objects.values_list("status", "order_id", "moves")),
        list(Event.objects.order_by("pk").values_list("kind", "status", "hops", "is_test")),
        [
            ({**row["body"], **dict.fromkeys(VOLATILE)}, row["status_code"], row["path"][:16])
            for row in IdempotentReply.objects.values()
        ],
    )
    assert broken_promises() == set()
    return first.status_code, shown, times, replayed, left


@pytest.mark.parametrize(("ask", "given"), ASKS)
def test_both_ways_answer_alike(
    ask: Ask, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ann()
    at_once = told(ask, given)
    wipe()
    make_ann()
    step_by_step(monkeypatch)
    assert told(ask, given) == at_once


@pytest.mark.parametrize("ask", [spend, redeem])
def test_what_is_asked_nearly_always_takes_one_statement(
    ask: Ask, django_assert_num_queries: Any
) -> None:
    make_ann()
    code = Coupon.objects.get().code
    with django_assert_num_queries(1):
        assert ask(**({"code": code} if ask is redeem else {})).status_code < 300


@pytest.mark.parametrize("ask", [spend, redeem])
def test_another_body_under_the_key_is_refused(ask: Ask) -> None:
    make_ann()
    assert ask().status_code < 300
    refused = ask(order_id="o2")
    assert (refused.status_code, refused.data["code"]) == (422, "idempotency_key_reused")


def twice(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> list[Any]:
    """Its twin comes when a request of ann's has done all it does, and has not committed it yet."""
    code = {"code": Coupon.objects.get().code} if ask is redeem else {}
    gap = Gap(replies.statements.run, lambda: ask(**code))
    monkeypatch.setattr(replies.statements, "run", gap)
    with transaction.atomic():
        first = ask(**code)
    return [first, gap.outcome]


@pytest.mark.parametrize("ask", [spend, redeem])
def test_the_twin_is_told_that_the_first_is_under_way(
    monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    make_ann()
    first, second = twice(monkeypatch, ask)
    assert first.status_code < 300
    assert (second.status_code, second.data["code"]) == (409, "request_in_flight")
    assert IdempotentReply.objects.count() == 1
    assert broken_promises() == set()


def unclaimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's key is locked any more."""
    lock = "pg_try_advisory_xact_lock(%(asked_lock)s::bigint)"
    monkeypatch.setattr(replies, "ASKED", replies.ASKED.replace(lock, "TRUE"))


def test_control_without_the_lock_the_twin_waits_and_finds_the_reply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The unique key of the reply still undoes one; it is answered as the repeat it is."""
    make_ann()
    unclaimed(monkeypatch)
    first, second = twice(monkeypatch, spend)
    assert second.data == first.data
    assert Reservation.objects.count() == 1


def test_control_without_lock_and_unique_keys_there_are_two_effects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_ann()
    unclaimed(monkeypatch)
    monkeypatch.setattr(one_statement, "IS_FRESH", "TRUE")
    with (
        without("core_idempotentreply", "one_effect_per_key"),
        without("points_transfer", "points_transfer_key_key"),
    ):
        monkeypatch.setattr(
            one_statement,
            "_RESERVE",
            one_statement._RESERVE.replace("ON CONFLICT (key)", "ON CONFLICT"),
        )
        first, second = twice(monkeypatch, lambda **_: spend(amount=20))
        assert first.data["id"] != second.data["id"]
        assert (Reservation.objects.count(), IdempotentReply.objects.count()) == (2, 2)
        assert 13 in broken_promises()

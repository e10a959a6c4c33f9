"""A member looks into their wallet; the shop takes points at checkout."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.core.callers import Caller, Door
from apps.members.models import Member
from apps.members.services import member_register
from apps.points.models import Programme, Reservation
from apps.points.selectors import Wallet, wallet
from tests.points.makers import NOW, broken_promises, claw_back, earn, make_earner, make_member

pytestmark = pytest.mark.django_db

SCOPES = frozenset({"rewards"})


def get(path: str, member: Member) -> Any:
    phone = APIClient()
    phone.force_authenticate(
        token=Caller(Door.MEMBER, member.public_id, is_test=False, member_id=member.pk)
    )
    return phone.get(f"/api/v1{path}")


def shop(*, is_test: bool = False, scopes: frozenset[str] = SCOPES) -> APIClient:
    backend = APIClient()
    backend.force_authenticate(token=Caller(Door.SERVER, "key_1", is_test=is_test, scopes=scopes))
    return backend


def known(name: str, points: int) -> Member:
    """A member the shop knows by name, with points to spend."""
    member, _ = member_register(external_id=name, nickname=name, now=NOW)
    earn(member, points, key=f"welcome:{name}")
    return member


def post(path: str, body: Any = None, *, key: str = "k1", **caller: Any) -> Any:
    headers = {"Idempotency-Key": key}
    return shop(**caller).post(f"/api/v1{path}", body or {}, format="json", headers=headers)


def spend(amount: Any = 60, *, key: str = "k1", **given: Any) -> Any:
    body = {"member": "ann", "order_id": "o1", "amount": amount, **given}
    return post("/points/spends", body, key=key)


POINTS_OF_A_WALLET = (
    *("available", "pending", "debt", "reserved", "worth_minor", "currency", "expiring"),
)


def test_the_wallet() -> None:
    ann = make_earner(100)
    claw_back(ann, 130, key="r1")
    answer = get("/me/wallet", ann).json()
    # Beside points it shows holds, coupons, the tier and what is owed.
    assert {name: answer[name] for name in POINTS_OF_A_WALLET} == {
        "available": 0,
        "pending": 0,
        "debt": -30,
        "reserved": 0,
        "worth_minor": 0,
        "currency": "CNY",
        "expiring": [],
    }
    assert get("/me/wallet", make_member()).json()["available"] == 0


def test_the_wallet_says_what_points_are_worth_and_which_end_soon() -> None:
    Programme.objects.create(worth_of_100_points_minor=50, currency="EUR", notice_days=10)
    ann = make_member()
    soon = timezone.now() + dt.timedelta(days=3)
    earn(ann, 30, key="soon", expires_at=soon)
    earn(ann, 21, key="later", expires_at=soon + dt.timedelta(days=30))
    answer = get("/me/wallet", ann).json()
    assert (answer["worth_minor"], answer["currency"]) == (25, "EUR")
    assert [row["points"] for row in answer["expiring"]] == [30]
    assert dt.datetime.fromisoformat(answer["expiring"][0]["expires_at"]) == soon


def test_the_history_is_newest_first_in_pages() -> None:
    ann = make_earner(100)
    claw_back(ann, 130, key="r1")
    first = get("/me/points?limit=3", ann).json()
    assert [row["kind"] for row in first["results"]] == ["owe", "claw_back", "settle"]
    assert first["results"][1] | {"id": ""} == {
        "id": "",
        "kind": "claw_back",
        "amount": 100,
        "taken_from": "available",
        "given_to": "issuance",
        "reference": "rfd_1",
        "occurred_at": "2026-05-04T12:00:00Z",
    }
    rest = get(first["next"].split("/api/v1")[1], ann).json()
    assert [row["kind"] for row in rest["results"]] == ["pend"]


def test_a_stranger_is_asked_who_they_are() -> None:
    assert APIClient().get("/api/v1/me/wallet").status_code == 401


def test_a_statement_adds_up() -> None:
    ann = make_earner(100)
    claw_back(ann, 30, key="r1")
    month = f"{timezone.now():%Y-%m}"
    answer = get(f"/me/points/statement?month={month}", ann).json()
    sums = [answer[name] for name in ("opening", "came", "went", "closing")]
    assert sums == [0, 100, -30, 70]
    assert [(row["kind"], row["points"]) for row in answer["lines"]] == [
        ("settle", 100),
        ("claw_back", -30),
    ]
    later = get("/me/points/statement?month=2040-01", ann).json()
    assert (later["opening"], later["closing"], later["lines"]) == (70, 70, [])


@pytest.mark.parametrize(
    "month", ["", "2026", "2026-13", "0000-01", "9999-12", "2026-5", "x" * 7, "２０２６-05"]
)
def test_a_month_that_is_none(month: str) -> None:
    answer = get(f"/me/points/statement?month={month}", make_member())
    assert (answer.status_code, answer.json()["code"]) == (422, "month_invalid")


def test_the_shop_sees_wallet_and_history() -> None:
    known("ann", 100)
    answer = shop().get("/api/v1/members/ann/points").json()
    assert answer["wallet"]["available"] == 100
    assert [row["kind"] for row in answer["results"]] == ["settle", "pend"]
    month = f"{timezone.now():%Y-%m}"
    found = shop().get(f"/api/v1/members/ann/points/statement?month={month}")
    assert found.json()["closing"] == 100


def test_another_mode_or_scope_sees_nothing() -> None:
    known("ann", 100)
    address = "/api/v1/members/ann/points"
    assert shop(is_test=True).get(address).json()["code"] == "member_unknown"
    assert shop(scopes=frozenset({"orders"})).get(address).status_code == 403


def test_points_are_set_aside_and_captured() -> None:
    ann = known("ann", 100)
    answer = spend()
    assert answer.status_code == 201
    assert answer.json()["status"] == "reserved"
    assert wallet(ann.pk) == Wallet(available=40, reserved=60)
    captured = post(f"/points/spends/{answer.json()['id']}/capture", key="k2")
    assert captured.json()["status"] == "captured"
    assert wallet(ann.pk) == Wallet(available=40)
    released = post(f"/points/spends/{answer.json()['id']}/release", key="k3")
    assert (released.status_code, released.json()["code"]) == (409, "reservation_captured")
    assert broken_promises() == []


def test_points_are_set_aside_and_released() -> None:
    ann = known("ann", 100)
    spend_id = spend().json()["id"]
    assert post(f"/points/spends/{spend_id}/release", key="k2").json()["cause"] == "asked"
    assert wallet(ann.pk) == Wallet(available=100)
    late = post(f"/points/spends/{spend_id}/capture", key="k3")
    assert (late.status_code, late.json()["code"]) == (409, "reservation_released")


def test_a_retry_reserves_once() -> None:
    ann = known("ann", 100)
    first, again = spend(), spend()
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert wallet(ann.pk).reserved == 60


def test_a_retry_reserves_once_also_when_the_kept_reply_is_gone() -> None:
    from apps.core.models import IdempotentReply

    ann = known("ann", 100)
    first = spend().json()
    IdempotentReply.objects.all().delete()
    assert spend().json()["id"] == first["id"]
    IdempotentReply.objects.all().delete()
    assert spend(order_id="o2").json()["code"] == "transfer_conflict"
    assert wallet(ann.pk).reserved == 60


def test_the_shop_may_say_how_long() -> None:
    known("ann", 100)
    spend(ttl_seconds=90, key="a", amount=1)
    spend(key="b", amount=1)
    short, usual = Reservation.objects.order_by("pk")
    assert short.expires_at - short.reserved_at < dt.timedelta(seconds=91)
    assert usual.expires_at - usual.reserved_at > dt.timedelta(minutes=29)


def test_more_than_there_is_is_refused() -> None:
    known("ann", 100)
    answer = spend(101)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_enough_points")
    assert not Reservation.objects.exists()


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"amount": 0}, "/amount"),
        ({"amount": -1}, "/amount"),
        ({"amount": 10**30}, "/amount"),
        ({"amount": "many"}, "/amount"),
        ({"amount": 1.5}, "/amount"),
        ({"amount": None}, "/amount"),
        ({"order_id": ""}, "/order_id"),
        ({"order_id": "o\0"}, "/order_id"),
        ({"order_id": "o" * 101}, "/order_id"),
        ({"order_id": {}}, "/order_id"),
        ({"member": "nobody"}, "/member"),
        ({"member": "a\0"}, "/member"),
        ({"ttl_seconds": 0}, "/ttl_seconds"),
        ({"ttl_seconds": 10**30}, "/ttl_seconds"),
    ],
)
def test_bad_input_names_its_field(given: dict[str, Any], pointer: str) -> None:
    known("ann", 100)
    answer = spend(**given)
    assert answer.status_code in (404, 422), answer.json()
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_reservation_belongs_to_its_mode() -> None:
    known("ann", 100)
    spend_id = spend().json()["id"]
    for verb in ("capture", "release"):
        answer = post(f"/points/spends/{spend_id}/{verb}", key=verb, is_test=True)
        assert (answer.status_code, answer.json()["code"]) == (404, "reservation_unknown")
    assert post("/points/spends/rsv_x/capture").status_code == 404

"""The ladder's doors."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.callers import Caller, Door
from apps.members.models import Member
from apps.tiers.models import Benefit, Tier
from tests import makers
from tests.tiers.makers import grow, make_ladder, stands

pytestmark = pytest.mark.django_db


def call(caller: Caller | None, method: str, path: str, body: Any = None, key: str = "") -> Any:
    http = APIClient()
    if caller:
        http.force_authenticate(token=caller)
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    return getattr(http, method)(f"/api/v1{path}", body, format="json", headers=headers)


def phone(member: Member) -> Caller:
    return Caller(Door.MEMBER, member.public_id, member.is_test, member_id=member.pk)


def shop(*scopes: str) -> Caller:
    return Caller(Door.SERVER, "key_1", False, scopes=frozenset(scopes or ("rewards",)))


@pytest.fixture
def ann() -> Member:
    make_ladder()
    return makers.make_member("ann")


def test_everybody_sees_the_ladder(ann: Member) -> None:
    Benefit.objects.create(
        tier=Tier.objects.get(code="gold"),
        kind="points_multiplier",
        text="Half as many points again",
        multiplier_bps=15000,
    )
    body = call(None, "get", "/tiers").json()
    assert (body["period_days"], body["grace_days"]) == (365, 0)
    assert [row["code"] for row in body["results"]] == ["silver", "gold", "black"]
    assert body["results"][1]["benefits"] == [
        {
            "kind": "points_multiplier",
            "text": "Half as many points again",
            "multiplier_bps": 15000,
        }
    ]


def test_without_a_ladder_nobody_has_a_tier() -> None:
    bob = makers.make_member("bob")
    body = call(phone(bob), "get", "/me/tier").json()
    assert (body["tier"], body["growth"], body["next"], body["history"]) == (None, 0, None, [])
    assert call(None, "get", "/tiers").json()["results"] == []


def test_ann_sees_her_tier_and_the_way_to_the_next(ann: Member) -> None:
    grow(ann, 130)
    body = call(phone(ann), "get", "/me/tier").json()
    assert (body["tier"]["code"], body["growth"]) == ("silver", 130)
    assert body["next"] == {"code": "gold", "name": "Gold", "threshold": 500, "missing": 370}
    assert body["period_end"] == "2027-05-04T12:00:00Z"
    assert [(row["kind"], row["tier"]) for row in body["history"]] == [("reached", "silver")]
    grow(ann, 5000)
    assert call(phone(ann), "get", "/me/tier").json()["next"] is None


def test_the_shop_reports_growth_once_and_takes_it_back(ann: Member) -> None:
    review = {"amount": 120, "reference": "review-1"}
    body = call(shop(), "post", "/members/ann/growth", review).json()
    assert (body["tier"]["code"], body["growth"]) == ("silver", 120)
    assert call(shop(), "post", "/members/ann/growth", review).json()["growth"] == 120
    back = {"amount": -50, "reference": "withdrawn-1", "taken_from": "review-1"}
    assert call(shop(), "post", "/members/ann/growth", back).json()["growth"] == 70
    assert call(shop(), "get", "/members/ann/tier").json()["growth"] == 70
    other = {"amount": 121, "reference": "review-1"}
    refused = call(shop(), "post", "/members/ann/growth", other)
    assert (refused.status_code, refused.json()["code"]) == (409, "growth_conflict")


def test_a_repeated_request_is_answered_from_the_first(ann: Member) -> None:
    body = {"amount": 10, "reference": "review-1"}
    first = call(shop(), "post", "/members/ann/growth", body, key="k")
    again = call(shop(), "post", "/members/ann/growth", body, key="k")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "amount"),
        ({"amount": 5}, "reference"),
        ({"amount": 0, "reference": "r"}, "amount"),
        ({"amount": 10**40, "reference": "r"}, "amount"),
        ({"amount": -(10**13), "reference": "r"}, "amount"),
        ({"amount": 1.5, "reference": "r"}, "amount"),
        ({"amount": "many", "reference": "r"}, "amount"),
        ({"amount": 5, "reference": "r" * 65}, "reference"),
        ({"amount": 5, "reference": "r\0"}, "reference"),
        ({"amount": 5, "reference": ["r"]}, "reference"),
        ({"amount": 5, "reference": "r", "taken_from": "x"}, "taken_from"),
    ],
)
def test_a_bad_body_is_refused_by_name(ann: Member, body: Any, field: str) -> None:
    answer = call(shop(), "post", "/members/ann/growth", body)
    assert 400 <= answer.status_code < 500
    assert field in answer.content.decode()


def test_who_may_come_in(ann: Member) -> None:
    body = {"amount": 5, "reference": "r"}
    assert call(None, "get", "/me/tier").status_code == 401
    assert call(phone(ann), "post", "/members/ann/growth", body).status_code == 403
    assert call(phone(ann), "get", "/members/ann/tier").status_code == 403
    assert call(shop("orders"), "post", "/members/ann/growth", body).status_code == 403
    assert call(shop(), "get", "/members/zoe/tier").status_code == 404
    makers.make_member("ada", is_test=True)
    assert call(shop(), "get", "/members/ada/tier").status_code == 404


def test_growth_is_whole_at_its_limit(ann: Member) -> None:
    for number in range(3):
        call(shop(), "post", "/members/ann/growth", {"amount": 10**12, "reference": f"r{number}"})
    assert stands(ann) == ("black", 3 * 10**12)

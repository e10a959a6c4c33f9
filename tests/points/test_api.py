"""A member looks into their wallet."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.callers import Caller, Door
from apps.members.models import Member
from tests.points.makers import claw_back, make_earner, make_member

pytestmark = pytest.mark.django_db


def get(path: str, member: Member) -> Any:
    phone = APIClient()
    phone.force_authenticate(
        token=Caller(Door.MEMBER, member.public_id, is_test=False, member_id=member.pk)
    )
    return phone.get(f"/api/v1{path}")


def test_the_wallet() -> None:
    ann = make_earner(100)
    claw_back(ann, 130, key="r1")
    answer = get("/me/wallet", ann)
    assert answer.json() == {"available": 0, "pending": 0, "debt": -30}
    assert get("/me/wallet", make_member()).json() == {"available": 0, "pending": 0, "debt": 0}


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

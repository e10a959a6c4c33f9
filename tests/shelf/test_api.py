"""The shelf's doors."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.callers import Caller, Door
from apps.members.models import Member
from tests.shelf.makers import exchange, make_coupon, make_gift, make_member, points_of

pytestmark = pytest.mark.django_db


class Client:
    def __init__(self, caller: Caller | None = None) -> None:
        self._http = APIClient()
        if caller:
            self._http.force_authenticate(token=caller)

    def get(self, path: str) -> Any:
        return self._http.get(f"/api/v1{path}")

    def post(self, path: str, key: str = "") -> Any:
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self._http.post(f"/api/v1{path}", None, format="json", headers=headers)


def phone(member: Member) -> Client:
    caller = Caller(Door.MEMBER, member.public_id, member.is_test, member_id=member.pk)
    return Client(caller)


def shop(*scopes: str, acts_for: Member | None = None) -> Client:
    member_id = acts_for.pk if acts_for else None
    named = frozenset(scopes or ("rewards",))
    return Client(Caller(Door.SERVER, "key_1", False, scopes=named, member_id=member_id))


def test_everybody_sees_the_shelf_the_cheapest_first() -> None:
    pot, ticket = make_gift(stock=5, points=300), make_coupon()
    make_gift(is_test=True)
    make_gift(is_active=False)
    rows = Client().get("/shelf").json()["results"]
    assert [(row["id"], row["kind"], row["points"], row["left"]) for row in rows] == [
        (ticket.public_id, "coupon", 100, None),
        (pot.public_id, "gift", 300, 5),
    ]


def test_ann_sees_how_many_she_may_still_have() -> None:
    ann = make_member(1000)
    items = [make_gift(per_member=3), make_gift(per_member=3, stock=2), make_gift()]
    for item in items:
        exchange(item, ann)
    rows = phone(ann).get("/shelf").json()["results"]
    assert [row["left_for_me"] for row in rows] == [2, 1, None]
    rows = phone(make_member()).get("/shelf").json()["results"]
    assert [row["left_for_me"] for row in rows] == [3, 1, None]


def test_ann_takes_something_once() -> None:
    ann, pot = make_member(300), make_gift()
    first, again = (phone(ann).post(f"/shelf/{pot.public_id}/exchanges", "k") for _ in range(2))
    assert first.status_code == 201
    assert first.json() == again.json()
    assert first.json()["points"] == 100
    assert first.json()["fulfilment"].startswith("ful_")
    assert points_of(ann) == 200
    [row] = phone(ann).get("/me/exchanges").json()["results"]
    assert (row["id"], row["name"], row["status"]) == (first.json()["id"], "Tea pot", "done")
    assert phone(make_member()).get("/me/exchanges").json()["results"] == []


@pytest.mark.parametrize(
    ("given", "points", "status", "code"),
    [
        ({}, 99, 409, "not_enough_points"),
        ({"stock": 0}, 100, 409, "shelf_item_sold_out"),
        ({"is_active": False}, 100, 409, "shelf_item_not_offered"),
        ({"is_test": True}, 100, 404, "shelf_item_unknown"),
    ],
)
def test_why_ann_cannot_have_it(given: dict[str, Any], points: int, status: int, code: str) -> None:
    ann, pot = make_member(points), make_gift(**given)
    answer = phone(ann).post(f"/shelf/{pot.public_id}/exchanges")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("item", ["shi_nothing", "x" * 200, "%00"])
def test_no_such_item(item: str) -> None:
    assert phone(make_member()).post(f"/shelf/{item}/exchanges").status_code in (400, 404)


def test_ann_undoes_her_own_only() -> None:
    ann, pot = make_member(100), make_gift()
    made = exchange(pot, ann)
    path = f"/exchanges/{made.public_id}/cancel"
    assert phone(make_member()).post(path).status_code == 404
    assert shop(acts_for=make_member()).post(path).status_code == 404
    answer = phone(ann).post(path)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert points_of(ann) == 100


def test_the_shop_undoes_any() -> None:
    ann = make_member(100)
    made = exchange(make_coupon(), ann)
    path = f"/exchanges/{made.public_id}/cancel"
    assert shop("orders").post(path).status_code == 403
    assert shop().post(path).json()["status"] == "cancelled"
    assert shop().post(path).json()["status"] == "cancelled"
    assert points_of(ann) == 100


def test_strangers_are_asked_who_they_are() -> None:
    assert Client().post(f"/shelf/{make_gift().public_id}/exchanges").status_code == 401
    assert Client().get("/me/exchanges").status_code == 401

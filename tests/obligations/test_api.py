"""The shop's and the members' doors."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.callers import Caller, Door
from apps.members.models import Member
from apps.obligations import services
from apps.obligations.models import Payout
from tests.makers import make_member as make_known_member
from tests.obligations.makers import (
    NOW,
    confirm,
    earn,
    make_member,
    paid,
    promise,
    statement,
    take_back,
)

pytestmark = pytest.mark.django_db


class Client:
    def __init__(self, caller: Caller) -> None:
        self._http = APIClient()
        self._http.force_authenticate(token=caller)

    def get(self, path: str) -> Any:
        return self._http.get(f"/api/v1{path}")

    def post(self, path: str, body: Any = None) -> Any:
        return self._http.post(
            f"/api/v1{path}", body, format="json", headers={"Idempotency-Key": uuid.uuid4().hex}
        )


def shop(*scopes: str, is_test: bool = False) -> Client:
    named = frozenset(scopes or ("rewards",))
    return Client(Caller(Door.SERVER, "key_1", is_test=is_test, scopes=named))


def phone(member: Member) -> Client:
    return Client(Caller(Door.MEMBER, member.public_id, is_test=False, member_id=member.pk))


def requested(amount: int = 100, key: str = "g1", **given: Any) -> Payout:
    member = make_member(**given)
    earn(member, amount, key=key)
    return statement(member)


def test_the_shop_sees_whom_to_pay() -> None:
    ann = make_known_member("ann")
    earn(ann, 100, key="g1")
    payout = statement(ann)
    [row] = shop().get("/payouts").json()["results"]
    assert (row["id"], row["external_id"], row["member"]) == (
        payout.public_id,
        "ann",
        ann.public_id,
    )
    assert (row["total_minor"], row["currency"], row["status"]) == (100, "CNY", "requested")


def test_a_statement_shows_its_lines() -> None:
    ann = make_member()
    paid(ann, 100, key="g1")
    take_back("g1", 30)
    earn(ann, 50, key="g2")
    body = shop().get(f"/payouts/{statement(ann).public_id}").json()
    assert [(line["kind"], line["reference"], line["amount_minor"]) for line in body["lines"]] == [
        ("due", "grt_g2", 50),
        ("deducted", "grt_g1", -30),
    ]
    assert body["lines"][0]["occurred_at"] == "2026-05-04T12:00:00Z"
    assert body["total_minor"] == 20


def test_the_shop_confirms_and_fails() -> None:
    first, second = requested(), requested(5, "g2")
    body = {"note": "by bank", "reference": "tx-7"}
    answer = shop().post(f"/payouts/{first.public_id}/confirm", body)
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["reference"]) == ("confirmed", "tx-7")
    answer = shop().post(f"/payouts/{second.public_id}/fail", {"note": "account closed"})
    assert (answer.json()["status"], answer.json()["note"]) == ("failed", "account closed")
    late = shop().post(f"/payouts/{second.public_id}/confirm")
    assert (late.status_code, late.json()["code"]) == (409, "payout_resolved")
    shown = shop().get("/payouts?status=confirmed").json()["results"]
    assert [row["id"] for row in shown] == [first.public_id]


@pytest.mark.parametrize(
    ("path", "body", "status", "pointer"),
    [
        ("/confirm", {"note": "x" * 301}, 422, "/note"),
        ("/confirm", {"reference": 10**400}, 422, "/reference"),
        ("/confirm", {"note": "\0"}, 422, "/note"),
        ("/confirm", ["not", "an", "object"], 422, ""),
        ("/fail", {}, 422, "/note"),
        ("/fail", {"note": {"a": 1}}, 422, "/note"),
    ],
)
def test_what_cannot_be_meant_names_its_field(
    path: str, body: Any, status: int, pointer: str
) -> None:
    answer = shop().post(f"/payouts/{requested().public_id}{path}", body)
    assert answer.status_code == status
    assert [entry["pointer"] for entry in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("path", ["/payouts?status=paid", "/fulfilments?status=promised"])
def test_an_unknown_status_is_refused(path: str) -> None:
    answer = shop().get(path)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/status"


def test_nothing_of_test_mode_meets_live() -> None:
    live, test = requested(), requested(key="g2", is_test=True)
    assert len(shop(is_test=True).get("/payouts").json()["results"]) == 1
    assert shop().get(f"/payouts/{test.public_id}").status_code == 404
    unknown = shop(is_test=True).post(f"/payouts/{live.public_id}/confirm")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "payout_unknown")


def test_only_a_key_for_rewards_may_look() -> None:
    assert shop("orders").get("/payouts").status_code == 403
    assert shop("orders").get("/fulfilments").status_code == 403
    assert phone(make_member()).get("/payouts").status_code == 403
    assert APIClient().get("/api/v1/me/payouts").status_code == 401


def test_ann_sees_what_she_is_owed() -> None:
    ann = make_member()
    payout = paid(ann, 100, key="g1")
    take_back("g1", 10)
    promise(ann, 20, key="g2")
    earn(ann, 7, key="g3", currency="EUR")
    body = phone(ann).get("/me/payouts").json()
    assert body["balances"] == [
        {
            "currency": "CNY",
            "pending_minor": 20,
            "due_minor": 0,
            "owed_minor": 10,
            "requested_minor": 0,
            "paid_minor": 100,
        },
        {
            "currency": "EUR",
            "pending_minor": 0,
            "due_minor": 7,
            "owed_minor": 0,
            "requested_minor": 0,
            "paid_minor": 0,
        },
    ]
    [row] = body["results"]
    assert (row["id"], row["status"]) == (payout.public_id, "confirmed")
    assert "note" not in row
    assert phone(make_member()).get("/me/payouts").json()["results"] == []


def test_statements_come_in_pages() -> None:
    ann = make_member()
    for number in range(3):
        paid(ann, 10, key=f"g{number}")
    body = phone(ann).get("/me/payouts?limit=2").json()
    assert len(body["results"]) == 2
    rest = phone(ann).get(body["next"].split("/api/v1")[1]).json()
    assert len(rest["results"]) == 1


def gift(member: Member, key: str, *, released: bool = True) -> str:
    made = services.fulfilment_promise(
        member_id=member.pk, gift="A tea pot", quantity=2, key=key, reference="grt_1", now=NOW
    )
    if released:
        services.fulfilment_release(key=key, now=NOW)
    return made.public_id


def test_the_shop_hands_gifts_over() -> None:
    ann = make_known_member("ann")
    first, second = gift(ann, "g1"), gift(ann, "g2")
    gift(ann, "g3", released=False)
    shown = shop().get("/fulfilments?status=requested").json()["results"]
    assert [row["id"] for row in shown] == [second, first]
    assert (shown[0]["external_id"], shown[0]["gift"], shown[0]["quantity"]) == (
        "ann",
        "A tea pot",
        2,
    )
    answer = shop().post(f"/fulfilments/{first}/confirm", {"note": "parcel 7"})
    assert (answer.json()["status"], answer.json()["note"]) == ("confirmed", "parcel 7")
    answer = shop().post(f"/fulfilments/{second}/cancel", {"note": "sold out"})
    assert answer.json()["status"] == "cancelled"
    late = shop().post(f"/fulfilments/{second}/confirm")
    assert (late.status_code, late.json()["code"]) == (409, "fulfilment_resolved")
    assert len(shop().get("/fulfilments").json()["results"]) == 2


def test_ann_sees_her_gifts() -> None:
    ann = make_member()
    gift(ann, "g1", released=False)
    gift(make_member(), "g2")
    [row] = phone(ann).get("/me/fulfilments").json()["results"]
    assert (row["gift"], row["status"]) == ("A tea pot", "promised")
    assert "note" not in row


def test_a_retry_answers_the_same() -> None:
    payout = requested()
    http = APIClient()
    http.force_authenticate(
        token=Caller(Door.SERVER, "key_1", is_test=False, scopes=frozenset({"rewards"}))
    )
    path = f"/api/v1/payouts/{payout.public_id}/confirm"
    answers = [http.post(path, {}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert http.post(path, {}).status_code == 400
    assert confirm(payout).status == "confirmed"

"""Coupons over HTTP: at checkout, in a member's hand, claimed before login."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.callers import Caller, Door
from apps.coupons import services
from apps.coupons.models import Claim, Coupon, Template
from apps.members.models import Member
from apps.members.services import member_register
from tests.coupons.makers import (
    issue,
    make_codes,
    make_template,
    now,
    promise,
    redeem,
    reservation_over,
    reserve,
    run_out,
)


@pytest.fixture(autouse=True)
def promised(db: None, invariants_hold: Callable[[], None]) -> Iterator[None]:
    yield
    invariants_hold()


def make_member(name: str = "ann", *, is_test: bool = False) -> Member:
    return member_register(external_id=name, now=now(), is_test=is_test)[0]


class Somebody:
    """A phone, the shop, or a guest's page."""

    def __init__(self, caller: Caller | None) -> None:
        self.client = APIClient()
        self.caller = caller
        if caller:
            self.client.force_authenticate(token=caller)

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}")

    def post(self, path: str, body: Any = None, key: str = "") -> Any:
        headers = {"Idempotency-Key": key or uuid.uuid4().hex} if self.caller else {}
        return self.client.post(f"/api/v1{path}", body, format="json", headers=headers)


def phone(member: Member) -> Somebody:
    return Somebody(
        Caller(Door.MEMBER, member.public_id, is_test=member.is_test, member_id=member.pk)
    )


def shop(*scopes: str, is_test: bool = False) -> Somebody:
    names = frozenset(scopes or ("rewards",))
    return Somebody(Caller(Door.SERVER, "key", is_test=is_test, scopes=names))


GUEST = Somebody(None)


def test_the_shop_reserves_redeems_and_releases() -> None:
    ann = make_member()
    coupon = issue(make_template(), ann)
    order = {"member": "ann", "order_id": "o-1"}
    answer = shop().post(f"/coupons/{coupon.code}/reserve", {**order, "ttl_seconds": 600})
    assert answer.status_code == 200, answer.json()
    assert answer.json() | {"reserved_until": ""} == {
        "id": coupon.public_id,
        "code": coupon.code,
        "status": "reserved",
        "template": coupon.template.public_id,
        "order_id": "o-1",
        "reserved_until": "",
        "redeemed_at": None,
        "expires_at": None,
    }
    answer = shop().post(f"/coupons/{coupon.code}/release", {"order_id": "o-1"})
    assert answer.json()["status"] == "issued"
    answer = shop().post(f"/coupons/{coupon.code.upper()}/redeem", order)
    assert (answer.json()["status"], answer.json()["order_id"]) == ("redeemed", "o-1")


def test_a_retried_redemption_is_replayed() -> None:
    ann, door = make_member(), shop()
    coupon = issue(make_template(), ann)
    order = {"member": "ann", "order_id": "o-1"}
    first = door.post(f"/coupons/{coupon.code}/redeem", order, key="k1")
    again = door.post(f"/coupons/{coupon.code}/redeem", order, key="k1")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    other = door.post(f"/coupons/{coupon.code}/redeem", {**order, "order_id": "o-2"})
    assert (other.status_code, other.json()["code"]) == (409, "coupon_used")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("nothing/redeem", {"member": "ann", "order_id": "o"}, 404, "coupon_unknown"),
        ("{code}/redeem", {"member": "zoe", "order_id": "o"}, 404, "member_unknown"),
        ("{code}/redeem", {"member": "ann"}, 422, "invalid"),
        (
            "{code}/reserve",
            {"member": "ann", "order_id": "o", "ttl_seconds": 10**30},
            422,
            "invalid",
        ),
        ("{code}/reserve", {"member": "ann", "order_id": "\0"}, 422, "invalid"),
        ("{code}/reserve", {"member": "ann", "order_id": ["o"]}, 422, "invalid"),
        ("{code}/release", {}, 422, "invalid"),
        ("{code}/redeem", [], 422, "invalid"),
    ],
)
def test_what_the_shop_may_get_wrong(path: str, body: Any, status: int, code: str) -> None:
    ann = make_member()
    coupon = issue(make_template(), ann)
    answer = shop().post(f"/coupons/{path.format(code=coupon.code)}", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_only_a_key_for_rewards_and_never_a_phone_may_redeem() -> None:
    ann = make_member()
    coupon = issue(make_template(), ann)
    body = {"member": "ann", "order_id": "o-1"}
    for caller in (shop("orders"), phone(ann)):
        assert caller.post(f"/coupons/{coupon.code}/redeem", body).status_code == 403
    assert GUEST.post(f"/coupons/{coupon.code}/redeem", body).status_code == 401
    test = shop(is_test=True)
    assert test.post(f"/coupons/{coupon.code}/redeem", body).status_code == 404


def test_ann_sees_her_coupons_by_what_she_can_do_with_them() -> None:
    ann = make_member()
    template = make_template()
    usable, promised, used, over, revoked, lapsed = (
        issue(template, ann) if n != 1 else promise(template, ann, "p") for n in range(6)
    )
    redeem(used, ann)
    run_out(over)  # and the sweeper has not come by
    services.coupon_revoke(coupon_id=revoked.pk, now=now())
    reserve(lapsed, ann)
    reservation_over(lapsed)

    def seen(query: str) -> dict[str, str]:
        rows = phone(ann).get(f"/me/coupons{query}").json()["results"]
        return {row["id"]: row["status"] for row in rows}

    assert seen("?status=usable") == {usable.public_id: "issued", lapsed.public_id: "issued"}
    assert seen("?status=pending") == {promised.public_id: "pending"}
    assert seen("?status=used") == {used.public_id: "redeemed"}
    assert seen("?status=expired") == {over.public_id: "expired", revoked.public_id: "revoked"}
    assert len(seen("")) == 6
    wrong = phone(ann).get("/me/coupons?status=nice")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/status")


def test_a_coupon_in_hand_says_what_it_is_and_why_it_cannot_be_used() -> None:
    ann = make_member()
    template = make_template(kind="steps", face_minor=0, steps=((20000, 2000), (10000, 500)))
    promise(template, ann, "p")
    [row] = phone(ann).get("/me/coupons").json()["results"]
    assert (row["code"], row["why_not"]) == ("", "This coupon is not yours to use yet.")
    assert row["template"]["steps"] == [
        {"from_minor": 10000, "off_minor": 500},
        {"from_minor": 20000, "off_minor": 2000},
    ]


def test_ann_claims_what_is_public_within_her_limit() -> None:
    ann = make_member()
    public = make_template(is_public=True, member_limit=1, name="Spring")
    hidden = make_template()
    [row] = GUEST.get("/coupon-templates").json()["results"]
    assert (row["id"], row["name"]) == (public.public_id, "Spring")
    answer = phone(ann).post("/me/coupons", {"template": public.public_id})
    assert (answer.status_code, answer.json()["status"]) == (201, "issued")
    answer = phone(ann).post("/me/coupons", {"template": public.public_id})
    assert (answer.status_code, answer.json()["code"]) == (409, "coupon_member_limit")
    answer = phone(ann).post("/me/coupons", {"template": hidden.public_id})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (404, "/template")


def test_what_is_gone_or_over_is_not_offered() -> None:
    make_template(is_public=True, issue_cap=0)
    make_template(is_public=True, ends_at=now() - dt.timedelta(seconds=1))
    make_template(is_public=True, is_test=True)
    make_template(is_public=True, code_source="pool")
    make_template(applies="automatic")
    stopped = make_template(is_public=True)
    services.template_stop(template_id=stopped.pk)
    assert GUEST.get("/coupon-templates").json()["results"] == []


def test_ann_claims_by_typing_a_code() -> None:
    ann, bob = make_member(), make_member("bob")
    [code] = make_codes(make_template(valid_hours=1), 1)
    answer = phone(ann).post("/me/coupons", {"code": code.code.upper()})
    assert answer.status_code == 201
    assert answer.json()["expires_at"] is not None
    assert phone(ann).post("/me/coupons", {"code": code.code}).json()["id"] == code.public_id
    answer = phone(bob).post("/me/coupons", {"code": code.code})
    assert (answer.status_code, answer.json()["code"]) == (409, "coupon_of_somebody_else")


@pytest.mark.parametrize("body", [{}, {"template": "t", "code": "c"}, {"template": 7}, None])
def test_a_claim_names_exactly_one_thing(body: Any) -> None:
    answer = phone(make_member()).post("/me/coupons", body)
    assert answer.status_code in (404, 422)


def test_a_guest_claims_before_login_and_fetches_it_after() -> None:
    template = make_template(is_public=True, issue_cap=1, valid_hours=2)
    held = GUEST.post("/coupon-claims", {"template": template.public_id, "guest": "visit-1"})
    assert held.status_code == 201
    again = GUEST.post("/coupon-claims", {"template": template.public_id, "guest": "visit-1"})
    assert again.json() == held.json()
    gone = GUEST.post("/coupon-claims", {"template": template.public_id, "guest": "visit-2"})
    assert (gone.status_code, gone.json()["code"]) == (409, "coupons_exhausted")
    ann, bob = make_member(), make_member("bob")
    token = {"claim_token": held.json()["claim_token"]}
    taken = phone(ann).post("/me/coupons", token)
    assert (taken.status_code, taken.json()["status"]) == (201, "issued")
    assert taken.json()["expires_at"] is not None
    assert phone(ann).post("/me/coupons", token).json()["id"] == taken.json()["id"]
    late = phone(bob).post("/me/coupons", token)
    assert (late.status_code, late.json()["code"]) == (409, "claim_expired")


def test_a_guest_holds_a_code_that_nobody_else_can_take_meanwhile() -> None:
    ann, bob = make_member(), make_member("bob")
    [code] = make_codes(make_template(), 1)
    held = GUEST.post("/coupon-claims", {"code": code.code})
    assert GUEST.post("/coupon-claims", {"code": code.code}).json()["code"] == "coupon_held"
    assert phone(bob).post("/me/coupons", {"code": code.code}).json()["code"] == "coupon_held"
    redeemed = shop().post(f"/coupons/{code.code}/redeem", {"member": "bob", "order_id": "o"})
    assert redeemed.json()["code"] == "coupon_held"
    taken = phone(ann).post("/me/coupons", {"claim_token": held.json()["claim_token"]})
    assert taken.json()["id"] == code.public_id


def test_what_a_guest_does_not_fetch_is_given_up() -> None:
    template = make_template(is_public=True, issue_cap=1)
    [code] = make_codes(make_template(), 1)
    held = [
        GUEST.post("/coupon-claims", body).json()["claim_token"]
        for body in ({"template": template.public_id}, {"code": code.code})
    ]
    past = now() - dt.timedelta(seconds=1)
    Claim.objects.update(expires_at=past)
    Coupon.objects.filter(pk=code.pk).update(held_until=past)
    ann = make_member()
    for token in held:
        answer = phone(ann).post("/me/coupons", {"claim_token": token})
        assert answer.json()["code"] == "claim_expired"
    assert services.claims_expire() == 2
    assert services.claims_expire() == 0
    assert phone(ann).post("/me/coupons", {"template": template.public_id}).status_code == 201
    assert phone(ann).post("/me/coupons", {"code": code.code}).status_code == 201


def test_what_an_operator_revokes_is_no_longer_held() -> None:
    template = make_template(is_public=True, guest_limit=1)
    held = GUEST.post("/coupon-claims", {"template": template.public_id}).json()
    services.coupon_revoke(coupon_id=Coupon.objects.get().pk, now=now())
    answer = phone(make_member()).post("/me/coupons", {"claim_token": held["claim_token"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "coupon_revoked")
    full = GUEST.post("/coupon-claims", {"template": template.public_id})
    assert (full.status_code, full.json()["code"]) == (409, "guest_claims_full")
    Claim.objects.update(expires_at=now() - dt.timedelta(seconds=1))
    assert services.claims_expire() == 1
    assert GUEST.post("/coupon-claims", {"template": template.public_id}).status_code == 201


def test_a_guest_who_is_not_known_holds_another_each_time() -> None:
    template = make_template(is_public=True)
    for _ in range(2):
        assert GUEST.post("/coupon-claims", {"template": template.public_id}).status_code == 201
    assert Template.objects.get().guest_held == 2


def test_a_code_whose_guest_did_not_come_can_be_held_again() -> None:
    [code] = make_codes(make_template(), 1)
    GUEST.post("/coupon-claims", {"code": code.code})
    Claim.objects.update(expires_at=now() - dt.timedelta(seconds=1))
    assert GUEST.post("/coupon-claims", {"code": code.code}).status_code == 201
    assert sorted(Claim.objects.values_list("status", flat=True)) == ["expired", "open"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"template": "tpl_none"}, 404),
        ({"code": "none"}, 404),
        ({"code": "none", "template": "x"}, 422),
        ({"code": "\0"}, 422),
        ({"template": "x" * 1000}, 422),
    ],
)
def test_what_a_guest_may_get_wrong(body: Any, status: int) -> None:
    assert GUEST.post("/coupon-claims", body).status_code == status


@pytest.mark.parametrize("token", ["", "x", "clm_1:forged", "\0"])
def test_a_forged_claim_token_is_refused(token: str) -> None:
    answer = phone(make_member()).post("/me/coupons", {"claim_token": token})
    assert answer.status_code == 422


def test_test_claims_stay_in_test_mode() -> None:
    template: Template = make_template(is_public=True, is_test=True)
    held = GUEST.post("/coupon-claims", {"template": template.public_id}).json()
    live = phone(make_member()).post("/me/coupons", {"claim_token": held["claim_token"]})
    assert (live.status_code, live.json()["code"]) == (403, "mode_mismatch")
    test = phone(make_member(is_test=True))
    assert test.post("/me/coupons", {"claim_token": held["claim_token"]}).status_code == 201
    asked = shop().post("/coupon-claims", {"template": template.public_id})
    assert asked.status_code == 404

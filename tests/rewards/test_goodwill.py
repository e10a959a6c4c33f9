"""Goodwill: one proposes, somebody else approves, a sweeper makes the grants one by one."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from apps.campaigns.models import Budget, Campaign
from apps.campaigns.rules import AwardKind
from apps.campaigns.services import emergency_lift, emergency_stop
from apps.core.callers import Caller, Door
from apps.core.models import Event
from apps.coupons.errors import TemplateUnknown
from apps.coupons.models import Template
from apps.members.models import Member
from apps.points.selectors import Wallet, wallet
from apps.rewards import services
from apps.rewards.models import ClawBack, Goodwill, Grant
from apps.rewards.services import Hand, Present
from tests.makers import make_campaign, make_member, now

POINTS = Present(AwardKind.POINTS, 100)


@pytest.fixture(autouse=True)
def promises(db: None, invariants_hold: Callable[[], None]) -> Iterator[None]:
    yield
    invariants_hold()


def operator(name: str) -> Hand:
    return Hand(operator_id=User.objects.get_or_create(username=name)[0].pk)


def propose(campaign: Campaign, *members: Member, **given: Any) -> Goodwill:
    """Olga proposes 100 points, which cost 100, for each."""
    terms = {"present": POINTS, "reason": "The parcels came late.", "by": operator("olga"), **given}
    return services.goodwill_propose(
        campaign=campaign, member_ids=[member.pk for member in members], now=now(), **terms
    )


def approve(goodwill: Goodwill, by: Hand | None = None) -> Goodwill:
    """Otto approves."""
    return services.goodwill_approve(
        public_id=goodwill.public_id, is_test=False, by=by or operator("otto"), now=now()
    )


def test_nobody_gets_anything_before_somebody_else_approves(drain: Callable[[], None]) -> None:
    ann = make_member("ann")
    goodwill = propose(make_campaign(), ann)
    drain()
    assert wallet(ann.pk) == Wallet()
    approve(goodwill)
    drain()
    assert wallet(ann.pk) == Wallet(available=100)
    goodwill.refresh_from_db()
    assert goodwill.done_at is not None
    grant = Grant.objects.get()
    assert (grant.policy, grant.status, grant.goodwill) == ("goodwill", "settled", goodwill)
    assert set(
        Event.objects.filter(kind__startswith="goodwill.").values_list("kind", flat=True)
    ) == {
        "goodwill.proposed",
        "goodwill.approved",
        "goodwill.done",
    }


def test_whoever_proposed_it_cannot_decide_it() -> None:
    goodwill = propose(make_campaign(), make_member("ann"))
    with pytest.raises(services.GoodwillNeedsSomebodyElse), transaction.atomic():
        approve(goodwill, operator("olga"))
    with pytest.raises(services.GoodwillNeedsSomebodyElse), transaction.atomic():
        services.goodwill_reject(
            public_id=goodwill.public_id, is_test=False, by=operator("olga"), now=now()
        )


@pytest.mark.parametrize("second", ["key_two", None])
def test_a_key_s_proposal_is_decided_with_another_key_or_by_an_operator(second: str | None) -> None:
    goodwill = propose(make_campaign(), make_member("ann"), by=Hand(key="key_one"))
    with pytest.raises(services.GoodwillNeedsSomebodyElse), transaction.atomic():
        approve(goodwill, Hand(key="key_one"))
    decided = approve(goodwill, Hand(key=second) if second else operator("olga"))
    assert decided.status == "approved"
    assert decided.decided_with == (second or "")


def test_an_operator_s_proposal_may_be_approved_with_a_key() -> None:
    goodwill = propose(make_campaign(), make_member("ann"))
    assert approve(goodwill, Hand(key="key_one")).decided_by is None


@pytest.mark.parametrize(
    "row",
    [
        {"proposed_with": "k", "decided_with": "k"},
        {"proposed_with": "k", "decided_with": ""},
        {"proposed_with": "", "decided_with": "k"},
    ],
)
def test_the_database_demands_two_pairs_of_eyes(row: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Goodwill.objects.create(
            campaign=make_campaign(),
            kind="points",
            amount=1,
            members=[1],
            reason="x",
            status="approved",
            decided_at=now(),
            **row,
        )


def test_it_is_decided_once() -> None:
    goodwill = approve(propose(make_campaign(), make_member("ann")))
    with pytest.raises(services.GoodwillDecided), transaction.atomic():
        approve(goodwill)
    with pytest.raises(services.GoodwillDecided), transaction.atomic():
        services.goodwill_reject(
            public_id=goodwill.public_id, is_test=False, by=operator("otto"), now=now()
        )


def test_a_rejected_one_gives_nothing(drain: Callable[[], None]) -> None:
    goodwill = propose(make_campaign(), make_member("ann"))
    services.goodwill_reject(
        public_id=goodwill.public_id, is_test=False, by=operator("otto"), now=now()
    )
    drain()
    assert not Grant.objects.exists()


def test_the_budget_refuses_who_comes_last(drain: Callable[[], None]) -> None:
    ann, bob, cleo = (make_member(name) for name in ("ann", "bob", "cleo"))
    campaign = make_campaign(budget_minor=250)
    goodwill = approve(propose(campaign, ann, bob, cleo, ann))
    drain()
    goodwill.refresh_from_db()
    assert goodwill.refusals == {str(cleo.pk): "budget_spent"}
    assert goodwill.done_at is not None
    assert [wallet(member.pk).available for member in (ann, bob, cleo)] == [100, 100, 0]
    assert Budget.objects.get(campaign=campaign).spent_minor == 200


def make_template(**given: Any) -> Template:
    terms = {"name": "Tea voucher", "kind": "amount", "face_minor": 500, "currency": "CNY"}
    return Template.objects.create(status="active", **{**terms, **given})


def test_coupons_run_out(drain: Callable[[], None]) -> None:
    ann, bob = make_member("ann"), make_member("bob")
    template = make_template(issue_cap=1)
    campaign = make_campaign()
    present = Present(AwardKind.COUPON, 1, coupon_template=template.public_id)
    goodwill = approve(propose(campaign, ann, bob, present=present))
    drain()
    goodwill.refresh_from_db()
    assert goodwill.refusals == {str(bob.pk): "coupons_gone"}
    assert Budget.objects.get(campaign=campaign).spent_minor == 500
    assert Grant.objects.get().what == template.public_id


@pytest.mark.parametrize(
    ("present", "cost"),
    [
        (POINTS, 100),
        (Present(AwardKind.PAYABLE, 250), 250),
        (Present(AwardKind.CUSTOM, 2, gift="A tin of tea", gift_cost_minor=900), 1800),
    ],
)
def test_every_kind_settles_at_once_and_costs_what_was_approved(
    present: Present, cost: int, drain: Callable[[], None]
) -> None:
    campaign = make_campaign()
    goodwill = propose(campaign, make_member("ann"), present=present)
    Campaign.objects.update(cost_of_1000_points_minor=9000)
    approve(goodwill)
    drain()
    assert Grant.objects.get().status == "settled"
    assert Budget.objects.get(campaign=campaign).spent_minor == cost


@pytest.mark.parametrize(
    ("present", "field"),
    [
        (Present(AwardKind.POINTS, 0), "/amount"),
        (Present(AwardKind.POINTS, 10**9 + 1), "/amount"),
        (Present(AwardKind.COUPON, 2, coupon_template="tpl_x"), "/amount"),
        (Present(AwardKind.COUPON, 1), "/coupon_template"),
        (Present(AwardKind.POINTS, 1, coupon_template="tpl_x"), "/coupon_template"),
        (Present(AwardKind.CUSTOM, 1), "/gift"),
        (Present(AwardKind.CUSTOM, 1, gift="tin", gift_cost_minor=-1), "/gift_cost_minor"),
    ],
)
def test_a_present_that_cannot_be_meant(present: Present, field: str) -> None:
    with pytest.raises(services.GoodwillInvalid) as refused, transaction.atomic():
        propose(make_campaign(), make_member("ann"), present=present)
    assert refused.value.pointer == field


def test_a_coupon_of_the_other_mode_or_currency_is_none_of_ours() -> None:
    campaign, ann = make_campaign(), make_member("ann")
    test = Present(AwardKind.COUPON, 1, coupon_template=make_template(is_test=True).public_id)
    with pytest.raises(TemplateUnknown), transaction.atomic():
        propose(campaign, ann, present=test)
    euros = Present(AwardKind.COUPON, 1, coupon_template=make_template(currency="EUR").public_id)
    with pytest.raises(services.GoodwillInvalid), transaction.atomic():
        propose(campaign, ann, present=euros)


def test_test_members_get_nothing_from_live_campaigns() -> None:
    campaign, members = make_campaign(), [make_member("ann"), make_member("bob", is_test=True)]
    with pytest.raises(services.GoodwillInvalid) as refused, transaction.atomic():
        propose(campaign, *members)
    assert refused.value.pointer == "/members"


def test_a_reason_is_needed() -> None:
    with pytest.raises(services.GoodwillInvalid), transaction.atomic():
        propose(make_campaign(), make_member("ann"), reason="  ")


def test_the_emergency_stop_makes_it_wait(drain: Callable[[], None]) -> None:
    goodwill = approve(propose(make_campaign(), make_member("ann")))
    emergency_stop(now=now())
    drain()
    assert not Grant.objects.exists()
    emergency_lift(now=now() + dt.timedelta(seconds=1))
    drain()
    assert goodwill.grants.count() == 1


# Voiding one grant.


def void(grant: Grant, reason: str = "Given twice.") -> Grant:
    return services.grant_void(
        public_id=grant.public_id, is_test=False, reason=reason, by="olga", now=now()
    )


def test_a_settled_grant_is_clawed_back(drain: Callable[[], None]) -> None:
    ann = make_member("ann")
    campaign = make_campaign()
    approve(propose(campaign, ann))
    drain()
    assert void(Grant.objects.get()).status == "clawed_back"
    assert wallet(ann.pk) == Wallet()
    assert ClawBack.objects.get().cause == "Voided by olga: Given twice."
    budget = Budget.objects.get(campaign=campaign)
    assert (budget.reserved_minor, budget.spent_minor) == (0, 0)
    drain()
    assert Grant.objects.count() == 1  # the sweeper does not give it again


def test_a_pending_grant_becomes_void() -> None:
    ann = make_member("ann")
    approve(propose(make_campaign(budget_minor=100), ann))
    services.goodwill_make()
    assert wallet(ann.pk).pending == 100
    assert void(Grant.objects.get()).status == "void"
    assert wallet(ann.pk) == Wallet()


def test_nothing_is_taken_twice(drain: Callable[[], None]) -> None:
    approve(propose(make_campaign(), make_member("ann")))
    drain()
    grant = void(Grant.objects.get())
    with pytest.raises(services.GrantNotVoidable), transaction.atomic():
        void(grant)
    with pytest.raises(services.GrantUnknown), transaction.atomic():
        void(Grant(public_id="grt_nobodys"))
    with pytest.raises(services.VoidReasonMissing), transaction.atomic():
        void(grant, reason="x" * 121)


# The shop's doors.


class Shop:
    """The shop's backend with one of its keys."""

    def __init__(self, key: str = "key_one", *, scope: str = "rewards", is_test: bool = False):
        self._http = APIClient()
        caller = Caller(Door.SERVER, key, is_test=is_test, scopes=frozenset({scope}))
        self._http.force_authenticate(token=caller)

    def get(self, path: str, **query: str) -> Any:
        return self._http.get(f"/api/v1{path}", query)

    def post(self, path: str, body: Any = None) -> Any:
        return self._http.post(
            f"/api/v1{path}", body, format="json", headers={"Idempotency-Key": uuid.uuid4().hex}
        )


def body(campaign: Campaign, *names: str, **given: Any) -> dict[str, Any]:
    return {
        "campaign": campaign.public_id,
        "kind": "points",
        "amount": 100,
        "members": list(names),
        "reason": "Late.",
        **given,
    }


def test_one_key_proposes_and_another_approves(drain: Callable[[], None]) -> None:
    ann = make_member("ann")
    make_member("bob")
    campaign = make_campaign(budget_minor=100)
    answer = Shop().post("/grants", body(campaign, "ann", "bob"))
    assert answer.status_code == 201
    proposed = answer.json()
    assert (proposed["status"], proposed["members"], proposed["made"]) == ("proposed", 2, 0)
    path = f"/grants/{proposed['id']}"
    same = Shop().post(f"{path}/approve")
    assert (same.status_code, same.json()["code"]) == (409, "second_operator_needed")
    assert Shop("key_two").post(f"{path}/approve").json()["status"] == "approved"
    assert Shop("key_two").post(f"{path}/reject").json()["code"] == "goodwill_decided"
    drain()
    seen = Shop().get(path).json()
    assert (seen["made"], [row["reason"] for row in seen["refused"]]) == (1, ["budget_spent"])
    assert seen["done_at"] is not None
    [grant] = Shop().get("/grants", goodwill=proposed["id"]).json()["results"]
    assert (grant["member"], grant["goodwill"]) == (ann.public_id, proposed["id"])


def test_grants_are_found_by_member_campaign_status_and_kind(drain: Callable[[], None]) -> None:
    ann, bob = make_member("ann"), make_member("bob")
    campaign = make_campaign()
    approve(propose(campaign, ann, bob))
    drain()

    def found(**query: str) -> int:
        return len(Shop().get("/grants", **query).json()["results"])

    assert [found(member="ann"), found(member=ann.public_id), found(member="cleo")] == [1, 1, 0]
    assert [found(campaign=campaign.public_id), found(campaign="cmp_x")] == [2, 0]
    assert [found(status="settled"), found(status="void")] == [2, 0]
    assert [found(kind="points", member="bob"), found(kind="coupon")] == [1, 0]
    for field in ("status", "kind"):
        odd = Shop().get("/grants", **{field: "odd"})
        assert (odd.status_code, odd.json()["errors"][0]["pointer"]) == (422, f"/{field}")
    assert Shop(is_test=True).get("/grants").json()["results"] == []


@pytest.mark.parametrize(
    ("given", "status", "pointer"),
    [
        ({"members": ["ann", "nobody"]}, 404, "/members/1"),
        ({"members": []}, 422, "/members"),
        ({"members": ["ann"] * 1001}, 422, "/members"),
        ({"members": "ann"}, 422, "/members"),
        ({"members": ["ann\0"]}, 422, "/members/0"),
        ({"amount": 10**30}, 422, "/amount"),
        ({"amount": "many"}, 422, "/amount"),
        ({"kind": "money"}, 422, "/kind"),
        ({"kind": "custom"}, 422, "/gift"),
        ({"kind": "coupon", "amount": 1}, 422, "/coupon_template"),
        ({"reason": ""}, 422, "/reason"),
        ({"reason": "x" * 301}, 422, "/reason"),
    ],
)
def test_a_bad_proposal_names_the_field(given: dict[str, Any], status: int, pointer: str) -> None:
    make_member("ann")
    answer = Shop().post("/grants", body(make_campaign(), "ann", **given))
    assert answer.status_code == status, answer.json()
    assert [row["pointer"] for row in answer.json()["errors"]] == [pointer]
    assert not Goodwill.objects.exists()


def test_what_is_not_there_or_not_for_this_key() -> None:
    make_member("ann")
    campaign = make_campaign()
    elsewhere = {**body(campaign, "ann"), "campaign": "cmp_x"}
    assert Shop().post("/grants", elsewhere).status_code == 404
    assert Shop(is_test=True).post("/grants", body(campaign, "ann")).status_code == 404
    assert Shop(scope="orders").post("/grants", body(campaign, "ann")).status_code == 403
    for path in ("/grants/gdw_x/approve", "/grants/gdw_x/reject", f"/grants/{'x' * 101}/approve"):
        assert Shop().post(path).status_code == 404
    assert Shop().get("/grants/grt_x").status_code == 404
    assert Shop().post("/grants/grt_x/void", {"reason": "x"}).status_code == 404


def test_a_shop_voids_a_grant(drain: Callable[[], None]) -> None:
    approve(propose(make_campaign(), make_member("ann")))
    drain()
    path = f"/grants/{Grant.objects.get().public_id}/void"
    assert Shop().post(path, {}).json()["errors"][0]["pointer"] == "/reason"
    answer = Shop().post(path, {"reason": "Given twice."})
    assert (answer.status_code, answer.json()["status"]) == (200, "clawed_back")
    assert ClawBack.objects.get().cause == "Voided by the key key_one: Given twice."
    assert Shop().post(path, {"reason": "Again."}).json()["code"] == "grant_not_voidable"

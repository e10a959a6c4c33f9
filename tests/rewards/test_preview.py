"""What would happen: for a supposed fact, and for an order that is only tried."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.core.callers import Caller, Door
from apps.groupbuy.services import room_open
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join, campaign_link
from apps.members.models import Member
from apps.rewards.models import Decision, Grant
from tests.makers import make_campaign, make_member, make_offer, make_policy, now
from tests.pages.makers import make_room, take_seat

pytestmark = pytest.mark.django_db

Drain = Callable[[], None]
BUYER, REFERRER = Beneficiary.MEMBER, Beneficiary.REFERRER


def post(path: str, body: Any, *, key: str = "k1", is_test: bool = False) -> Any:
    backend = APIClient()
    scopes = frozenset({"campaigns", "orders"})
    backend.force_authenticate(token=Caller(Door.SERVER, "key_1", is_test=is_test, scopes=scopes))
    headers = {"Idempotency-Key": key} if key else {}
    return backend.post(f"/api/v1{path}", body, format="json", headers=headers)


def suppose(campaign: Campaign, trigger: str = "order_paid", **body: Any) -> Any:
    if trigger == "order_paid":
        body.setdefault("order", {"amount_minor": 5000})
    return post(f"/campaigns/{campaign.public_id}/preview", {"trigger": trigger, **body})


def seen(campaign: Campaign, trigger: str = "order_paid", **body: Any) -> Any:
    answer = suppose(campaign, trigger, **body)
    assert answer.status_code == 200, answer.content
    return answer.json()


def rows() -> dict[str, int]:
    """How many rows every table has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        counts = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - the catalogue's names
            counts[table] = cursor.fetchone()[0]
    return counts


def pairs(found: Any) -> list[tuple[str, int]]:
    return [(row["beneficiary"], row["amount"]) for row in found["awards"]]


def test_somebody_made_up_buys() -> None:
    campaign = make_campaign(
        (Trigger.ORDER_PAID, BUYER, {"points": 0, "share_bps": 500, "hold_seconds": 60}),
        (Trigger.ORDER_PAID, REFERRER, {"min_order_minor": 9000, "name": "Thanks"}),
        budget_minor=1000,
    )
    found = seen(campaign)
    (award,) = found["awards"]
    assert (award["member"], award["kind"], award["amount"]) == (None, "points", 250)
    assert (award["cost_minor"], award["settles_after_seconds"]) == (250, 60)
    assert award["kept_back"] is None
    (refusal,) = found["refusals"]
    assert (refusal["name"], refusal["reason"]) == ("Thanks", "below_minimum")
    assert set(refusal["words"]) == {"shopper", "operator", "developer"}
    assert found["budget"] == {
        "currency": "CNY",
        "amount_minor": 1000,
        "left_minor": 1000,
        "cost_minor": 250,
        "left_after_minor": 750,
    }
    assert found["facts"]["is_new"] is True


def test_what_is_supposed_otherwise() -> None:
    campaign = make_campaign(
        (Trigger.ORDER_PAID, BUYER, {"tiers": ["gold"], "product_tags": ["tea"]}),
        (Trigger.ORDER_PAID, BUYER, {"new_members_only": True}),
        (Trigger.ORDER_PAID, REFERRER, {}),
    )
    found = seen(
        campaign,
        circumstances={"tier": "gold", "is_new": False},
        order={"amount_minor": 300, "nth": 4, "lines": [{"amount_minor": 300, "tags": ["tea"]}]},
        people=[],
    )
    assert pairs(found) == [("member", 10)]
    assert [row["reason"] for row in found["refusals"]] == ["not_new", "no_such_person"]


def test_somebody_real_stands_in_their_own_chain() -> None:
    campaign = make_campaign((Trigger.ORDER_PAID, REFERRER, {}))
    ann, bob = make_member("ann"), make_member("bob")
    brought = Brought(_code(campaign, ann))
    campaign_join(campaign=campaign, member_id=bob.pk, brought=brought, now=now())
    assert seen(campaign, member="bob")["awards"][0]["member"] == ann.public_id
    assert seen(campaign, member="ann")["refusals"][0]["reason"] == "no_such_person"


def test_caps_and_the_budget_as_they_are_now(drain: Drain) -> None:
    terms = {"cap_per_member": 1, "cap_per_campaign": 5}
    campaign = make_campaign(
        (Trigger.ORDER_PAID, BUYER, terms), enrolment="everyone", budget_minor=15
    )
    make_member("ann")
    assert post("/orders", report("o1", "ann")).status_code == 201
    drain()
    (award,) = seen(campaign, member="ann")["awards"]
    assert award["kept_back"] == "cap_reached"
    assert award["words"]["operator"]
    assert award["caps"] == [
        {"scope": "member", "limit": 1, "used": 1, "left": 0},
        {"scope": "campaign", "limit": 5, "used": 1, "left": 4},
    ]
    (other,) = seen(campaign)["awards"]
    assert (other["kept_back"], other["caps"][0]["used"]) == ("budget_spent", 0)


def test_the_draft_and_some_of_its_policies() -> None:
    campaign = make_campaign((Trigger.JOINED, BUYER, {}))
    more = make_policy(campaign, Trigger.JOINED, BUYER, points=99)
    assert [row["amount"] for row in seen(campaign, "joined")["awards"]] == [10]
    draft = seen(campaign, "joined", version="draft")
    assert ([row["amount"] for row in draft["awards"]], draft["version"]) == ([10, 99], None)
    some = seen(campaign, "joined", policies=[more.public_id])
    assert [row["amount"] for row in some["awards"]] == [99]
    refused = suppose(campaign, "joined", policies=["pol_unknown"])
    assert (refused.status_code, refused.json()["code"]) == (404, "policy_unknown")


def test_a_campaign_that_was_never_published() -> None:
    campaign = make_campaign(published=False)
    assert suppose(campaign, "joined").json()["code"] == "campaign_unpublished"
    assert seen(campaign, "joined", version="draft")["awards"][0]["amount"] == 10


def test_a_room_pays_everyone_seated() -> None:
    campaign = make_campaign((Trigger.ROOM_COMPLETED, Beneficiary.SEATED, {}))
    assert len(seen(campaign, "room_completed", room={"size": 3})["awards"]) == 3
    below = seen(campaign, "room_completed", room={"size": 3, "kept_seats": 2})
    assert {row["reason"] for row in below["refusals"]} == {"room_below_size"}


def test_the_next_friend_is_a_milestone_or_not() -> None:
    campaign = make_campaign((Trigger.FRIEND_BOUGHT, BUYER, {"milestone_every": 3}))
    assert seen(campaign, "friend_bought")["refusals"][0]["reason"] == "no_milestone"
    assert pairs(seen(campaign, "friend_bought", nth=6)) == [("member", 10)]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"trigger": "no such"}, "/trigger"),
        ({"trigger": "order_paid"}, "/order"),
        ({"trigger": "room_opened"}, "/room"),
        ({"trigger": "joined", "member": "nobody"}, "/member"),
        ({"trigger": "joined", "member": "a\0b"}, "/member"),
        ({"trigger": "order_paid", "order": {"amount_minor": 10**30}}, "/order/amount_minor"),
        ({"trigger": "order_paid", "order": 7}, "/order"),
        ({"trigger": "joined", "people": ["cat"]}, "/people/0"),
        ({"trigger": "joined", "circumstances": {"audiences": "all"}}, "/circumstances/audiences"),
        ({"trigger": "joined", "room": {"size": 2, "kept_seats": 3}}, "/room/kept_seats"),
        ({"trigger": "friend_bought", "nth": 0}, "/nth"),
    ],
)
def test_what_cannot_be_meant_is_named(body: dict[str, Any], pointer: str) -> None:
    campaign = make_campaign()
    answer = post(f"/campaigns/{campaign.public_id}/preview", body)
    assert answer.status_code in (404, 422), answer.content
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_preview_writes_nothing_and_asks_for_a_key() -> None:
    campaign = make_campaign()
    before = rows()
    seen(campaign, "joined")
    assert rows() == before
    path = f"/campaigns/{campaign.public_id}/preview"
    assert post(path, {"trigger": "joined"}, key="").status_code == 400
    assert post(path, {"trigger": "joined"}, is_test=True).json()["code"] == "campaign_unknown"


# An order that is only tried.


def report(order_id: str, name: str, amount: int = 5000, **more: Any) -> dict[str, Any]:
    line = {"line_id": "1", "sku": "tea", "amount_minor": amount, "tags": ["tea"]}
    seat = more.pop("seat", "")
    return {
        "order_id": order_id,
        "member": name,
        "currency": "CNY",
        "paid_minor": amount,
        "occurred_at": now().isoformat(),
        "lines": [{**line, **({"seat": seat} if seat else {})}],
        **more,
    }


def tried(name: str, **more: Any) -> Any:
    """What a dry run answers, and that it left every table as it was."""
    before = rows()
    answer = post("/orders", report("o1", name, dry_run=True, **more))
    assert rows() == before
    assert answer.status_code == 200, answer.content
    return answer.json()


def _code(campaign: Campaign, member: Member) -> str:
    brought = Brought()
    return campaign_link(campaign=campaign, member_id=member.pk, brought=brought, now=now())[0].code


def _foretold(found: Any) -> set[tuple[str, str, int]]:
    """(policy, member, amount) of what a dry run says would be given."""
    return {
        (row["policy"], row["member"], row["amount"])
        for campaign in found["campaigns"]
        for row in campaign["awards"]
    }


def _granted(before: set[int]) -> set[tuple[str, str, int]]:
    fresh = Grant.objects.exclude(pk__in=before).select_related("member")
    return {(row.policy, row.member.public_id, row.amount) for row in fresh}


@pytest.mark.parametrize("act", ["join", "order"])
@pytest.mark.parametrize("joined", ["stranger", "brought", "alone"])
def test_a_dry_run_foretells_the_order(act: str, joined: str, drain: Drain) -> None:
    campaign = make_campaign(
        (Trigger.ORDER_PAID, BUYER, {"first_order_only": True}),
        (Trigger.ORDER_PAID, REFERRER, {"points": 0, "share_bps": 200}),
        (Trigger.JOINED, REFERRER, {"points": 3}),
        (Trigger.FRIEND_BOUGHT, BUYER, {"points": 4, "milestone_at": [1]}),
        (Trigger.ORDER_PAID, BUYER, {"new_members_only": True, "tiers": ["gold"]}),
        enrolment="everyone",
        qualifying_act=act,
    )
    ann, bob = make_member("ann"), make_member("bob")
    code = _code(campaign, ann)
    if joined != "stranger":
        brought = Brought(code if joined == "brought" else "")
        campaign_join(campaign=campaign, member_id=bob.pk, brought=brought, now=now())
    drain()
    before = set(Grant.objects.values_list("pk", flat=True))
    found = tried("bob", code=code)
    (counted,) = found["campaigns"]
    assert counted["joins"] is (joined == "stranger")
    assert counted["referrer"] == (None if (joined, act) == ("alone", "join") else ann.public_id)
    assert counted["budget_left_minor"] is None
    real = post("/orders", report("o1", "bob", code=code), key="k2")
    assert real.status_code == 201
    drain()
    assert _foretold(found) == _granted(before)
    refused = (
        Decision.objects.filter(subject=f"order:{campaign.public_id}:o1").latest("pk").refusals
    )
    assert sorted(row["reason"] for row in refused) == sorted(
        row["reason"] for row in counted["refusals"] if row["trigger"] == "order_paid"
    )
    assert tried("bob")["already_reported"] is True


def test_a_dry_run_says_what_caps_and_the_budget_keep_back(drain: Drain) -> None:
    campaign = make_campaign(
        (Trigger.ORDER_PAID, BUYER, {"cap_per_member": 1}),
        (Trigger.ORDER_PAID, BUYER, {"points": 30, "cap_per_day": 9}),
        enrolment="everyone",
        budget_minor=75,
    )
    make_member("bob")
    assert post("/orders", report("o0", "bob"), key="k0").status_code == 201
    drain()
    before = set(Grant.objects.values_list("pk", flat=True))
    for number, foretold in ((1, 1), (2, 0)):
        (counted,) = post("/orders", report(f"o{number}", "bob", dry_run=True)).json()["campaigns"]
        reasons = [row["reason"] for row in counted["refusals"]]
        assert reasons == ["cap_reached", "budget_spent"][: 2 - foretold]
        assert counted["cost_minor"] == 30 * foretold
        assert post("/orders", report(f"o{number}", "bob"), key=f"k{number}").status_code == 201
        drain()
        assert len(counted["awards"]) == Grant.objects.exclude(pk__in=before).count() == foretold
        before = set(Grant.objects.values_list("pk", flat=True))
        subject = f"order:{campaign.public_id}:o{number}"
        real = Decision.objects.filter(subject=subject).latest("pk").refusals
        assert [row["reason"] for row in real] == reasons


def test_a_dry_run_knows_groups_currencies_and_bad_codes() -> None:
    given = {"enrolment": "everyone", "exclusive_group": "spring"}
    rule = (Trigger.ORDER_PAID, BUYER, {})
    low = make_campaign(rule, **given)
    high = make_campaign(rule, priority=9, **given)
    make_campaign(rule, enrolment="everyone", currency="USD")
    make_member("bob")
    found = tried("bob", code="nonsense")
    (counted,) = found["campaigns"]
    assert (counted["campaign"], counted["outranked"]) == (high.public_id, [low.public_id])
    assert [row["code"] for row in found["ignored"]] == ["link_unknown", "currency_mismatch"]
    real = post("/orders", report("o2", "bob", code="nonsense"), key="k2").json()
    assert real["campaigns"] == [high.public_id]
    assert [row["code"] for row in real["ignored"]] == ["link_unknown", "currency_mismatch"]


def test_a_dry_run_of_the_last_seat(drain: Drain) -> None:
    campaign = make_campaign(
        (Trigger.ORDER_PAID, Beneficiary.INVITER, {}), (Trigger.ORDER_PAID, BUYER, {"points": 2})
    )
    room = make_room("ann", offer=make_offer(campaign, size=2))
    seat = take_seat(room, make_member("bob"))
    drain()
    before = set(Grant.objects.values_list("pk", flat=True))
    found = tried("bob", amount=4900, seat=seat.public_id)
    assert [(row["outcome"], row["completes_room"]) for row in found["seats"]] == [("paid", True)]
    body = report("o1", "bob", 4900, seat=seat.public_id)
    assert post("/orders", body, key="k2").status_code == 201
    drain()
    grants = _granted(before)
    bobs = {row for row in grants if row[1] == make_member("bob").public_id}
    assert {row for row in _foretold(found) if row[2] == 2} == bobs
    assert _foretold(found) <= grants


def test_a_dry_run_names_seats_that_are_nothing() -> None:
    make_member("bob")
    room, seat = room_open(
        offer=make_offer(make_campaign()),
        member_id=make_member("ann").pk,
        brought=Brought(),
        now=now(),
    )
    for name, code in (("seat_unknown", "seat_unknown"), (seat.public_id, "seat_of_somebody_else")):
        answer = post("/orders", report("o1", "bob", seat=name, dry_run=True))
        assert answer.json()["code"] == code
        assert answer.json()["errors"][0]["pointer"] == "/lines/0/seat"


@pytest.mark.parametrize("said", ["perhaps", 7, None, []])
def test_a_dry_run_said_badly_is_no_order(said: Any) -> None:
    make_member("bob")
    answer = post("/orders", report("o1", "bob", dry_run=said))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/dry_run")


def test_a_dry_run_needs_a_key_and_uses_none_up() -> None:
    make_member("bob")
    assert post("/orders", report("o1", "bob", dry_run=True), key="").status_code == 400
    tried("bob")
    assert post("/orders", report("o1", "bob")).status_code == 201

"""What members do beside orders: check-ins, birthdays, tiers; each happens once and may earn."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import campaign_pause
from apps.core.models import Event
from apps.facts.models import Fact
from apps.invites.models import Act
from apps.members.models import Member
from apps.tiers.models import Tier
from apps.tiers.services import growth_add, ladder_open
from tests.flows.client import Caller, Phone, Shop, accepted, assert_refused, at
from tests.makers import make_campaign, make_key, make_policy, now

Drain = Callable[[], None]

MAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def make_daily(trigger: Trigger = Trigger.CHECKED_IN, **given: Any) -> Campaign:
    """Five points for every such fact of anybody, from May on."""
    terms = {"points": 5, **given.pop("terms", {})}
    given = {"enrolment": "everyone", "starts_at": MAY, **given}
    return make_campaign((trigger, Beneficiary.MEMBER, terms), **given)


def fact(phone: Phone, key: str, **said: Any) -> dict[str, Any]:
    """The body of a check-in, unless something else is said."""
    return {"member": phone.name, "kind": "checked_in", "key": key, "occurred_at": at(), **said}


def test_a_check_in_earns_once_a_day(ann: Phone, drain: Drain) -> None:
    campaign = make_daily()
    first = accepted(ann.post("/me/check-ins"))
    again = accepted(ann.post("/me/check-ins"))
    assert (first["first"], again["first"]) == (True, False)
    assert (again["id"], again["occurred_at"]) == (first["id"], first["occurred_at"])
    assert first["campaigns"] == again["campaigns"] == [campaign.public_id]
    drain()
    assert ann.wallet() == (5, 0, 0)


def test_the_shop_reports_check_ins_by_its_own_keys(shop: Shop, ann: Phone, drain: Drain) -> None:
    make_daily()
    body = fact(ann, "gate-1", properties={"shop": "Nanjing Road", "row": 3, "vip": True})
    first = accepted(shop.post("/events", body))
    assert accepted(shop.post("/events", body)) == {**first, "first": False}
    accepted(shop.post("/events", fact(ann, "gate-2")))
    changed = shop.post("/events", {**body, "properties": {}})
    assert_refused(changed, 409, "fact_conflict", "/key")
    assert_refused(
        shop.post("/events", fact(ann, "engine:check-in:x")), 422, "key_reserved", "/key"
    )
    drain()
    assert ann.wallet() == (10, 0, 0)
    assert Fact.objects.get(key="gate-1").properties == body["properties"]


def test_a_cap_per_day_in_the_campaigns_time_zone(shop: Shop, ann: Phone, drain: Drain) -> None:
    make_daily(terms={"cap_per_day": 1}, time_zone="Asia/Shanghai")
    # Midnight in Shanghai is 16:00 UTC: three days there, two in UTC.
    for day, hour in ((4, 15), (4, 15), (4, 17), (5, 10), (5, 17)):
        key = f"{day}-{hour}-{Fact.objects.count()}"
        when = f"2026-05-0{day}T{hour}:30:00Z"
        accepted(shop.post("/events", fact(ann, key, occurred_at=when)))
    drain()
    assert ann.wallet() == (15, 0, 0)


def test_a_birthday_is_once_a_year(shop: Shop, ann: Phone, bob: Phone, drain: Drain) -> None:
    make_daily(Trigger.BIRTHDAY, starts_at=MAY - dt.timedelta(days=400))

    def born(phone: Phone, day: str) -> httpx.Response:
        said = {"kind": "birthday", "occurred_at": f"{day}T00:00:00Z"}
        return shop.post("/events", fact(phone, f"{phone.name} {day}", **said))

    accepted(born(ann, "2026-05-04"))
    accepted(born(ann, "2026-05-04"))
    assert_refused(born(ann, "2026-06-04"), 409, "birthday_known", "/occurred_at")
    accepted(born(ann, "2025-05-04"))
    accepted(born(bob, "2026-05-04"))
    drain()
    assert (ann.wallet(), bob.wallet()) == ((10, 0, 0), (5, 0, 0))


def test_a_batch_reports_each_for_itself(shop: Shop, ann: Phone, bob: Phone, drain: Drain) -> None:
    make_daily()
    accepted(shop.post("/events", fact(ann, "known")))
    nobody = fact(ann, "k3") | {"member": "nobody"}
    events = [
        fact(bob, "k1"),
        "not a fact",
        fact(ann, "k2", kind="sneezed"),
        nobody,
        fact(ann, "known", properties={"other": 1}),
        fact(bob, "k1", occurred_at=at(ago=60)),
        {key: value for key, value in fact(ann, "k4").items() if key != "occurred_at"},
        fact(ann, "k5"),
        fact(ann, "k5"),
    ]
    events[8] = events[7]
    results = accepted(shop.post("/events/batch", {"events": events}), 200)["results"]
    assert [row["status"] for row in results] == [
        "recorded",
        "refused",
        "refused",
        "refused",
        "refused",
        "refused",
        "refused",
        "recorded",
        "repeated",
    ]
    refused = [row["problem"] for row in results if row["problem"]]
    assert [(row["status"], row["code"], row["errors"][0]["pointer"]) for row in refused] == [
        (422, "invalid", "/events/1"),
        (422, "invalid", "/events/2/kind"),
        (404, "member_unknown", "/events/3/member"),
        (409, "fact_conflict", "/events/4/key"),
        (409, "fact_conflict", "/events/5/key"),
        (422, "invalid", "/events/6/occurred_at"),
    ]
    drain()
    assert (ann.wallet(), bob.wallet()) == ((10, 0, 0), (5, 0, 0))
    # The same batch again changes nothing.
    again = accepted(shop.post("/events/batch", {"events": events}), 200)["results"]
    assert [row["status"] for row in again].count("recorded") == 0
    drain()
    assert (ann.wallet(), bob.wallet()) == ((10, 0, 0), (5, 0, 0))


def test_a_batch_has_a_size(shop: Shop, ann: Phone) -> None:
    for events in ([], [fact(ann, "k")] * 101, "k", None, {}):
        answer = shop.post("/events/batch", {"events": events})
        assert_refused(answer, 422, "invalid", "/events")
    assert_refused(shop.post("/events/batch", [1]), 422, "invalid", "")
    full = [fact(ann, f"k{number}") for number in range(60)]
    results = accepted(shop.post("/events/batch", {"events": full}), 200)["results"]
    assert [row["event"]["key"] for row in results] == [row["key"] for row in full]


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"properties": {"deep": {"er": 1}}}, "/properties/deep"),
        ({"properties": {"list": [1]}}, "/properties/list"),
        ({"properties": {"long": "x" * 201}}, "/properties"),
        ({"properties": {"nul": "a\0b"}}, "/properties"),
        ({"properties": {"huge": 10**16}}, "/properties/huge"),
        ({"properties": {"a\0": 1}}, "/properties"),
        ({"properties": {f"p{number}": 1 for number in range(21)}}, "/properties"),
        ({"properties": "text"}, "/properties"),
        ({"occurred_at": "yesterday"}, "/occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00Z"}, "/occurred_at"),
        ({"occurred_at": "9999-12-31T00:00:00Z"}, "/occurred_at"),
        ({"key": ""}, "/key"),
        ({"key": "x" * 101}, "/key"),
        ({"key": "a\0b"}, "/key"),
        ({"kind": 7}, "/kind"),
        ({"kind": ["checked_in"]}, "/kind"),
        ({"member": None}, "/member"),
        ({"member": "\0"}, "/member"),
    ],
)
def test_odd_facts(shop: Shop, ann: Phone, said: dict[str, Any], pointer: str) -> None:
    assert_refused(shop.post("/events", {**fact(ann, "k"), **said}), 422, "invalid", pointer)
    assert not Fact.objects.exists()


def test_half_a_character_is_no_text(shop: Shop, ann: Phone, http: httpx.Client) -> None:
    body = {**fact(ann, "k"), "properties": {"half": "\ud800"}}
    answer = http.post(
        "/api/v1/events",
        content=json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {shop.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": "half",
        },
    )
    assert_refused(answer, 422, "invalid", "/properties")


def test_who_may_report(shop: Shop, ann: Phone, http: httpx.Client) -> None:
    assert_refused(ann.post("/events", fact(ann, "k")), 403, "forbidden")
    assert_refused(shop.post("/me/check-ins"), 403, "forbidden")
    assert_refused(Caller(http).post("/me/check-ins"), 401, "unauthenticated")
    reader = Shop(http, make_key(scopes=("members",)))
    for door in ("/events", "/events/batch"):
        assert_refused(reader.post(door, fact(ann, "k")), 403, "forbidden")
    assert_refused(shop.post("/events", fact(ann, "k"), key=""), 400, "idempotency_key_missing")
    tests = Shop(http, make_key(is_test=True))
    assert_refused(tests.post("/events", fact(ann, "k")), 404, "member_unknown", "/member")
    make_daily()
    tess = tests.phone("tess")
    assert accepted(tess.post("/me/check-ins"))["campaigns"] == []


def test_facts_of_participants_count_from_when_they_joined(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain
) -> None:
    campaign = make_daily(enrolment="participants")
    early = fact(ann, "early", occurred_at=at(ago=60))
    accepted(ann.join(campaign.public_id))
    assert accepted(shop.post("/events", early))["campaigns"] == []
    accepted(shop.post("/events", fact(ann, "after")))
    accepted(shop.post("/events", fact(bob, "stranger")))
    before = fact(ann, "before the campaign", occurred_at="2026-04-30T23:59:00Z")
    accepted(shop.post("/events", before))
    drain()
    assert (ann.wallet(), bob.wallet()) == ((5, 0, 0), (0, 0, 0))


def make_gold() -> None:
    Tier.objects.create(
        ladder=ladder_open(is_test=False), code="gold", name="Gold", rank=1, threshold=100
    )


def grow(phone: Phone, amount: int, key: str) -> None:
    member = Member.objects.get(public_id=phone.member)
    growth_add(member_id=member.pk, amount=amount, key=key, reference=key, now=now())


def test_reaching_a_tier_earns_once(shop: Shop, ann: Phone, bob: Phone, drain: Drain) -> None:
    make_gold()
    campaign = make_daily(Trigger.TIER_REACHED, terms={"tiers": ["gold"], "points": 50})
    make_policy(campaign, Trigger.TIER_REACHED, Beneficiary.MEMBER, tiers=["black"])
    grow(ann, 60, "g1")
    grow(bob, 99, "g2")
    drain()
    assert ann.wallet() == (0, 0, 0)
    grow(ann, 60, "g3")
    grow(ann, 60, "g3")
    drain()
    assert (ann.wallet(), bob.wallet()) == ((50, 0, 0), (0, 0, 0))
    assert Act.objects.get(kind="tier_reached").circumstances["tier"] == "gold"


def test_a_tier_reached_where_nobody_is_admitted_waits_for_nothing(
    shop: Shop, ann: Phone, drain: Drain
) -> None:
    make_gold()
    paused, open_ = (make_daily(Trigger.TIER_REACHED, name=name) for name in ("Old", "New"))
    campaign_pause(campaign_id=paused.pk)
    grow(ann, 100, "g1")
    drain()
    assert ann.wallet() == (5, 0, 0)
    assert [act.campaign for act in Act.objects.all()] == [open_]
    assert not Event.objects.exclude(status="done").exists()

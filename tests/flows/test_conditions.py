"""Whom and what a policy is for, when it settles, and which of two campaigns gets an order."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.campaigns.models import Audience, AudienceMember, Budget, Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.core.models import Event
from apps.members.models import Member
from apps.rewards.models import Decision
from apps.tiers.models import Tier
from apps.tiers.services import growth_add, ladder_open
from tests.flows.client import Phone, Shop, accepted, assert_refused, at
from tests.makers import make_campaign, make_offer, now

Drain = Callable[[], None]
MoveClock = Callable[[float], None]

ME = Beneficiary.MEMBER


def make_for(**terms: Any) -> Campaign:
    """Ten points for every order that fits."""
    return make_campaign((Trigger.ORDER_PAID, ME, terms), enrolment="everyone")


def member_of(phone: Phone) -> Member:
    return Member.objects.get(public_id=phone.member)


def test_new_members_only(shop: Shop, ann: Phone, bob: Phone, drain: Drain) -> None:
    make_for(new_members_only=True)
    accepted(shop.put("/members/bob", {"first_order_at": "2024-01-01T00:00:00Z"}), 200)
    first, second, bobs = shop.paid(ann), shop.paid(ann), shop.paid(bob)
    drain()
    assert [shop.refusals(order) for order in (first, second, bobs)] == [
        [],
        ["not_new"],
        ["not_new"],
    ]
    assert (ann.wallet(), bob.wallet()) == ((10, 0, 0), (0, 0, 0))


def test_new_is_who_was_new_when_they_joined(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain
) -> None:
    campaign = make_campaign(
        (Trigger.JOINED, ME, {"new_members_only": True}), qualifying_act="room"
    )
    shop.paid(bob)
    for phone in (ann, bob):
        accepted(phone.join(campaign.public_id))
    room, seat = ann.open_room(make_offer(campaign).public_id)
    shop.paid(ann, seat)  # her first order confirms her: she was new when she joined
    shop.paid(bob, bob.seat(room))
    drain()
    assert (ann.wallet(), bob.wallet()) == ((10, 0, 0), (0, 0, 0))


TEA = {"line_id": "tea", "sku": "tea", "amount_minor": 3000, "tags": ["tea", "spring"]}
CAKE = {"line_id": "cake", "sku": "cake", "amount_minor": 2000, "tags": ["cake"]}
CUP = {"line_id": "cup", "sku": "cup", "amount_minor": 1000, "tags": []}


def test_a_share_of_the_lines_with_a_tag(shop: Shop, ann: Phone, drain: Drain) -> None:
    terms = {"points": 0, "share_bps": 1000, "product_tags": ["tea", "coffee"]}
    make_for(**terms, hold_seconds=600, min_order_minor=400)
    none = shop.paid(ann, lines=[CAKE, CUP])
    order = shop.paid(ann, lines=[TEA, CAKE, CUP])
    small = shop.paid(ann, lines=[{**TEA, "amount_minor": 399}, CAKE])
    drain()
    assert shop.refusals(none) == ["no_matching_product"]
    assert shop.refusals(small) == ["below_minimum"]
    assert ann.wallet() == (0, 300, 0)
    of_the_cake = {"lines": [{"line_id": "cake", "amount_minor": 500}]}
    of_the_tea = {"lines": [{"line_id": "tea", "amount_minor": 1000}]}
    for number, (body, left) in enumerate(
        [
            (of_the_cake, 300),
            (of_the_tea, 200),
            ({"amount_minor": 3000}, 150),  # 15.00 are left of the order
            ({"amount_minor": 1100}, 40),
            ({"amount_minor": 1}, 0),  # below the minimum of 4.00
        ]
    ):
        accepted(shop.refund(order, f"r{number}", **body))
        drain()
        assert ann.wallet() == (0, left, 0)
    assert shop.refusals(order) == ["below_minimum"]


def test_friends_who_came_by_a_channel(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Drain
) -> None:
    campaign = make_for(channels=["moments", "chat"])
    code = ann.link(campaign.public_id)
    for phone, channel in ((bob, "chat"), (cleo, "poster")):
        visit = accepted(phone.post("/visits", {"code": code, "channel": channel}))
        accepted(phone.join(campaign.public_id, visit_token=visit["visit_token"]))
    orders = [shop.paid(phone) for phone in (ann, bob, cleo)]
    drain()
    assert [shop.refusals(order) for order in orders] == [
        ["wrong_channel"],
        [],
        ["wrong_channel"],
    ]
    assert [phone.wallet()[0] for phone in (ann, bob, cleo)] == [0, 10, 0]


def test_a_tier_counts_as_it_was_at_the_order(
    shop: Shop, ann: Phone, bob: Phone, drain: Drain
) -> None:
    make_for(tiers=["gold"], points=0, share_bps=1000)
    ladder = ladder_open(is_test=False)
    Tier.objects.create(ladder=ladder, code="gold", name="Gold", rank=1, threshold=100)

    def gild(phone: Phone) -> None:
        member = member_of(phone)
        growth_add(member_id=member.pk, amount=100, key=phone.name, reference="", now=now())

    gild(ann)
    anns, bobs = shop.paid(ann, amount=1000), shop.paid(bob, amount=1000)
    gild(bob)
    accepted(shop.refund(anns, amount_minor=500))
    accepted(shop.refund(bobs, amount_minor=500))
    drain()
    assert (shop.refusals(anns), shop.refusals(bobs)) == ([], ["wrong_tier"])
    assert (ann.wallet(), bob.wallet()) == ((50, 0, 0), (0, 0, 0))


@pytest.mark.parametrize(
    ("field", "inside", "outside", "reason"),
    [
        ("audience", (50, 0, 0), (0, 0, 0), "not_in_audience"),
        ("excluded_audience", (0, 0, 0), (50, 0, 0), "in_excluded_audience"),
    ],
)
def test_an_audience_is_who_was_in_it_at_the_order(
    shop: Shop,
    ann: Phone,
    bob: Phone,
    drain: Drain,
    field: str,
    inside: tuple[int, ...],
    outside: tuple[int, ...],
    reason: str,
) -> None:
    audience = Audience.objects.create(name="Tea lovers")
    make_for(**{field: audience}, points=0, share_bps=1000)
    AudienceMember.objects.create(audience=audience, member=member_of(ann))
    orders = {phone: shop.paid(phone, amount=1000) for phone in (ann, bob)}
    # They change places; a refund decides again, on who they were.
    AudienceMember.objects.all().delete()
    AudienceMember.objects.create(audience=audience, member=member_of(bob))
    for order in orders.values():
        accepted(shop.refund(order, amount_minor=500))
    drain()
    assert (ann.wallet(), bob.wallet()) == (inside, outside)
    refused = [reason for order in orders.values() for reason in shop.refusals(order)]
    assert refused == [reason]


def test_a_hold_from_fulfilment(
    shop: Shop, ann: Phone, drain: Drain, move_clock: MoveClock
) -> None:
    make_for(hold_seconds=600, hold_from="fulfilment")
    order, undelivered = shop.paid(ann), shop.paid(ann)
    move_clock(100_000)
    drain()
    assert ann.wallet() == (0, 20, 0)
    move_clock(0)
    accepted(shop.post(f"/orders/{order}/fulfil"), 200)
    drain()
    move_clock(590)
    drain()
    assert ann.wallet() == (0, 20, 0)
    move_clock(610)
    drain()
    assert ann.wallet() == (10, 10, 0)
    accepted(shop.refund(undelivered))
    drain()
    assert ann.wallet() == (10, 0, 0)


def test_of_an_exclusive_group_the_highest_priority_gets_the_order(
    shop: Shop, ann: Phone, drain: Drain
) -> None:
    def make(name: str, points: int, priority: int, group: str = "spring") -> Campaign:
        return make_campaign(
            (Trigger.ORDER_PAID, ME, {"points": points}),
            name=name,
            enrolment="everyone",
            exclusive_group=group,
            priority=priority,
        )

    low, high, alone = make("Low", 1, 1), make("High", 20, 5), make("Alone", 300, 0, "")
    make("Elsewhere", 4000, 9, "autumn")
    Campaign.objects.filter(name="Elsewhere").update(currency="USD")
    body = accepted(shop.order("o1", ann))
    assert set(body["campaigns"]) == {high.public_id, alone.public_id}
    drain()
    assert ann.wallet() == (320, 0, 0)
    facts = {row["campaign"]: row["facts"] for row in shop.decisions("o1")}
    assert facts[high.public_id]["outranked"] == [low.public_id]
    assert facts[alone.public_id]["outranked"] == []
    # In the room of a campaign it counts there, whatever others say.
    room, seat = ann.open_room(make_offer(low, size=1).public_id)
    shop.paid(ann, seat)
    drain()
    assert ann.wallet() == (321, 0, 0)
    assert Decision.objects.get(campaign=low, subject__startswith="order:").awards
    assert room


def test_pre_heating(
    shop: Shop,
    ann: Phone,
    bob: Phone,
    drain: Drain,
    move_clock: MoveClock,
    http: httpx.Client,
) -> None:
    starts_at = now() + dt.timedelta(hours=1)
    campaign = make_campaign(
        (Trigger.JOINED, Beneficiary.REFERRER, {"points": 10}),
        (Trigger.ORDER_PAID, ME, {"points": 200}),
        (Trigger.FRIEND_CONFIRMED, ME, {"points": 3000}),
        starts_at=starts_at,
        shown_from=now() - dt.timedelta(hours=1),
        enrolment="everyone",
    )
    code = ann.link(campaign.public_id)
    page = http.get(f"/s/{code}", headers={"User-Agent": "Mozilla/5.0 Chrome/130"})
    assert page.status_code == 200
    assert "Starts on" in page.text
    joined = accepted(bob.join(campaign.public_id, visit_token=bob.visit(code)))
    assert (joined["status"], joined["brought"]) == ("confirmed", True)
    early = at()
    assert accepted(shop.order("early", bob))["campaigns"] == []
    refused = ann.post(f"/offers/{make_offer(campaign).public_id}/rooms")
    assert_refused(refused, 409, "campaign_not_running")
    drain()
    assert ann.wallet() == (0, 3010, 0)  # promised, and on hold until it starts
    move_clock(3700)
    drain()
    assert ann.wallet() == (3010, 0, 0)
    # For the web server, too, the hour is over.
    Campaign.objects.filter(pk=campaign.pk).update(starts_at=now())
    shop.paid(bob)
    assert accepted(shop.order("late report", bob, occurred_at=early))["campaigns"] == []
    drain()
    assert bob.wallet() == (200, 0, 0)


def test_before_the_pre_heating_it_is_closed(ann: Phone) -> None:
    campaign = make_campaign(
        starts_at=now() + dt.timedelta(hours=2), shown_from=now() + dt.timedelta(hours=1)
    )
    assert_refused(ann.join(campaign.public_id), 409, "campaign_not_running")


def test_the_tail_serves_those_who_are_in(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Drain
) -> None:
    campaign = make_campaign(
        (Trigger.JOINED, ME, {"points": 40}),
        (Trigger.ORDER_PAID, ME, {"points": 10, "hold_seconds": 600}),
        enrolment="everyone",
        budget_minor=100,
    )
    Budget.objects.filter(campaign=campaign).update(tail_bps=2000)
    for phone in (ann, bob):
        accepted(phone.join(campaign.public_id))
        drain()
    for answer in (
        cleo.join(campaign.public_id),
        cleo.put(f"/campaigns/{campaign.public_id}/link"),
        cleo.post(f"/offers/{make_offer(campaign).public_id}/rooms"),
    ):
        assert_refused(answer, 409, "campaign_full")
    assert accepted(shop.order("cleos", cleo))["campaigns"] == []
    orders = [shop.paid(phone) for phone in (ann, bob)]
    drain()
    assert (ann.wallet(), bob.wallet(), cleo.wallet()) == ((40, 10, 0), (40, 10, 0), (0, 0, 0))
    spent = shop.paid(ann)
    drain()
    assert shop.refusals(spent) == ["budget_spent"]
    # Freed and used up again: the operator was told already.
    accepted(shop.refund(orders[0]))
    drain()
    shop.paid(bob)
    drain()
    assert bob.wallet() == (40, 20, 0)
    told = Event.objects.filter(kind__startswith="budget.").order_by("kind")
    assert [event.kind for event in told] == ["budget.tail_reached", "budget.warned"]
    assert {event.payload["used_minor"] for event in told} == {80}

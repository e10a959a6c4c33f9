"""Copying, pre-heating, and the emergency stop with all that hangs on a campaign."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client

from apps.campaigns import effects, selectors
from apps.campaigns.effects import Turn
from apps.campaigns.models import Budget, Campaign, Variant
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import (
    CampaignNotRunning,
    campaign_copy,
    emergency_lift,
    emergency_stop,
)
from apps.checkout.services import order_cancel, order_report
from apps.groupbuy.services import room_open, seat_hold
from apps.invites.models import Participant
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join, campaign_link
from apps.members.models import Member
from apps.orders.services import LineReport, OrderReport
from apps.rewards.models import Grant
from tests.makers import make_campaign, make_member, make_offer, make_policy, now
from tests.pages.makers import make_room, pay, take_seat


def buy(member: Member, order_id: str) -> None:
    """The shop reports an order without a seat."""
    report = OrderReport(
        order_id=order_id,
        member_id=member.pk,
        currency="CNY",
        paid_minor=5000,
        occurred_at=now(),
        lines=(LineReport("1", "tea", 1, 5000),),
    )
    order_report(report=report, brought=Brought(), now=now())


def test_a_copy_has_the_terms_and_nothing_that_happened(db: None) -> None:
    terms = {"name": "At 5 and 10", "milestone_at": [5, 10], "product_tags": ["tea"]}
    source = make_campaign((Trigger.FRIEND_BOUGHT, Beneficiary.MEMBER, terms), budget_minor=900)
    Budget.objects.filter(campaign=source).update(tail_bps=500, spent_minor=100)
    Variant.objects.create(campaign=source, key="a", weight=3)
    campaign_join(campaign=source, member_id=make_member().pk, brought=Brought(), now=now())
    at = now()
    copy = campaign_copy(campaign_id=source.pk, now=at)
    assert (copy.name, copy.status, copy.copied_from) == ("Spring (copy)", "draft", source)
    assert copy.public_id != source.public_id
    assert copy.starts_at == at
    policy = copy.policies.get()
    assert (policy.name, policy.milestone_at, policy.product_tags) == (
        "At 5 and 10",
        [5, 10],
        ["tea"],
    )
    assert policy.public_id != source.policies.get().public_id
    assert [(v.key, v.weight) for v in copy.variants.all()] == [("a", 3)]
    budget = copy.budget
    assert (budget.amount_minor, budget.tail_bps, budget.spent_minor) == (900, 500, 0)
    assert not Participant.objects.filter(campaign=copy).exists()


def test_a_copy_of_what_has_not_begun_keeps_its_dates(db: None) -> None:
    starts = now() + dt.timedelta(days=3)
    given = {"starts_at": starts, "ends_at": starts + dt.timedelta(days=7)}
    source = make_campaign(name="n" * 120, shown_from=starts - dt.timedelta(days=1), **given)
    copy = campaign_copy(campaign_id=source.pk, now=now())
    assert (copy.starts_at, copy.ends_at, copy.shown_from) == (
        starts,
        given["ends_at"],
        source.shown_from,
    )
    assert len(copy.name) == 120
    late = campaign_copy(campaign_id=source.pk, now=starts + dt.timedelta(days=100))
    assert late.ends_at is not None
    assert late.ends_at - late.starts_at == dt.timedelta(days=7)


def test_what_is_pre_heated_is_listed_before_it_starts(db: None, client: Client) -> None:
    starts = now() + dt.timedelta(days=1)
    shown = make_campaign(name="Soon", starts_at=starts, shown_from=now() - dt.timedelta(hours=1))
    make_campaign(name="Later", starts_at=starts, shown_from=starts - dt.timedelta(hours=1))
    make_campaign(name="Silent", starts_at=starts)
    assert [row["name"] for row in client.get("/api/v1/campaigns").json()["results"]] == ["Soon"]
    assert selectors.state_of(shown, now()) == "pre-heating"
    assert selectors.state_of(shown, starts) == Campaign.Status.SCHEDULED


def test_what_hangs_on_a_campaign_is_counted(db: None, drain: Callable[[], None]) -> None:
    terms = {"points": 500, "hold_seconds": 3600}
    campaign = make_campaign((Trigger.ROOM_OPENED, Beneficiary.HOST, terms))
    room = make_room("ann", held=("bob",), offer=make_offer(campaign, size=3))
    room_open(offer=room.offer, member_id=make_member().pk, brought=Brought(), now=now())
    campaign_link(campaign=campaign, member_id=room.host_id, brought=Brought(), now=now())
    drain()
    shown = {row.name: row.counted for row in effects.effects_of(Turn.END, [campaign.pk])}
    assert {name: counted.count for name, counted in shown.items()} == {
        "Open links": 1,
        "Participants": 3,
        "… of these not confirmed yet": shown["… of these not confirmed yet"].count,
        "Rooms that wait for their host's payment": 1,
        "Open rooms": 1,
        "Held seats": 2,
        "Pending grants": 1,
        "Grants in review": 0,
        "Refunds the shop still has to make": 0,
    }
    assert shown["Pending grants"].cost == {"CNY": 500}
    assert {row.counted.count for row in effects.effects_of(Turn.END, [])} == {0}
    parts = effects.budget_parts(campaign.pk)
    assert [(part.kind, part.reserved_minor, part.spent_minor) for part in parts] == [
        ("points", 500, 0)
    ]


def test_every_effect_says_what_becomes_of_it() -> None:
    for turn in (Turn.PAUSE, Turn.END, Turn.STOP):
        assert len(effects._effects) == sum(turn in e.becomes for e in effects._effects.values())


@pytest.mark.usefixtures("committed")
def test_under_the_emergency_stop_nothing_begins_and_nothing_is_lost(
    drain: Callable[[], None],
    move_clock: Callable[[float], None],
    invariants_hold: Callable[[], None],
) -> None:
    terms = {"points": 500, "hold_seconds": 3600}
    campaign = make_campaign((Trigger.ORDER_PAID, Beneficiary.MEMBER, terms))
    room = make_room("ann", offer=make_offer(campaign, size=4))
    held = take_seat(room, make_member("bob"))
    cleo, dave = (make_member(name) for name in ("cleo", "dave"))
    for member in (cleo, dave):
        campaign_join(campaign=campaign, member_id=member.pk, brought=Brought(), now=now())
    buy(cleo, "cleos")
    drain()
    assert Grant.objects.get().status == "pending"
    assert emergency_stop(now=now()) == 1
    campaign.refresh_from_db()

    stranger = make_member("erin").pk
    with pytest.raises(CampaignNotRunning):
        campaign_join(campaign=campaign, member_id=stranger, brought=Brought(), now=now())
    offer = make_offer(campaign)
    with pytest.raises(CampaignNotRunning):
        room_open(offer=offer, member_id=cleo.pk, brought=Brought(), now=now())
    for newcomer in (stranger, cleo.pk):  # a participant, too, holds no seat
        with pytest.raises(CampaignNotRunning):
            seat_hold(room=room, member_id=newcomer, brought=Brought(), now=now())

    pay(held)
    buy(dave, "daves")
    drain()
    held.refresh_from_db()
    assert held.status == "paid"
    assert set(Grant.objects.values_list("member_id", "status")) == {
        (cleo.pk, "pending"),
        (dave.pk, "pending"),
    }

    move_clock(3601)
    drain()
    assert not Grant.objects.filter(status="settled").exists()
    order_cancel(order_id="cleos", is_test=False, now=now())
    drain()
    assert Grant.objects.get(member=cleo).status == "void"

    assert emergency_lift(now=now()) == 1
    drain()
    assert Grant.objects.get(member=dave).status == "settled"
    invariants_hold()


def test_the_stop_spares_drafts_and_says_what_goes_on(db: None) -> None:
    make_campaign(published=False)
    make_campaign(status=Campaign.Status.DRAFT, published=False)
    assert emergency_stop(now=now()) == 0
    first = make_campaign()
    assert emergency_stop(now=now()) == 1
    make_campaign()
    standing = selectors.emergency()
    assert (standing.stopped, standing.going_on) == (1, 1)
    assert standing.since is not None
    assert emergency_stop(now=now()) == 1
    first.refresh_from_db()
    assert selectors.state_of(first, now()) == "stopped"
    assert emergency_lift(now=now()) == 2


def test_a_policy_of_a_copy_can_be_changed_alone(db: None) -> None:
    source = make_campaign()
    copy = campaign_copy(campaign_id=source.pk, now=now())
    make_policy(copy, Trigger.JOINED, Beneficiary.REFERRER)
    assert (source.policies.count(), copy.policies.count()) == (1, 2)

"""“Why did she get nothing?” has an answer whatever happened, also when nothing did."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from apps.campaigns.models import Budget, Campaign
from apps.campaigns.rules import AwardKind, Beneficiary, Trigger
from apps.campaigns.services import (
    campaign_pause,
    campaign_resume,
    emergency_lift,
    emergency_stop,
)
from apps.checkout.services import order_report, refund_report
from apps.core.callers import Caller, Door
from apps.core.models import Event
from apps.groupbuy.models import Seat
from apps.groupbuy.services import room_open
from apps.invites.models import Participant
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join, campaign_link, touch_record
from apps.members.models import Member
from apps.orders.rules import RefundAsk
from apps.orders.services import LineReport, OrderReport
from apps.rewards import services
from apps.rewards.models import Grant
from apps.rewards.services import Hand, Present
from apps.rewards.why import Answer, why
from tests.makers import make_campaign, make_member, make_offer, now
from tests.pages.makers import pay

BUYS = (Trigger.ORDER_PAID, Beneficiary.MEMBER)
FRIEND_BUYS = (Trigger.ORDER_PAID, Beneficiary.REFERRER)

pytestmark = pytest.mark.django_db


def ask(**asked: str) -> list[Answer]:
    answers = why(is_test=False, now=now(), **asked)
    assert answers, "an answer there always is"
    for answer in answers:
        assert answer.developer
        for text in (answer.shopper, answer.operator):
            assert text
            assert "{" not in text
        assert not any(
            prefix in answer.shopper for prefix in ("cmp_", "mem_", "grt_", "pol_", "par_")
        )
    return answers


def codes(**asked: str) -> list[str]:
    return [answer.code for answer in ask(**asked)]


def only(**asked: str) -> Answer:
    (answer,) = ask(**asked)
    return answer


def buy(member: Member, order_id: str, **given: Any) -> None:
    terms = {"currency": "CNY", "occurred_at": now(), **given}
    report = OrderReport(
        order_id=order_id,
        member_id=member.pk,
        paid_minor=1000,
        lines=(LineReport("1", "tea", 1, 1000),),
        **terms,
    )
    order_report(report=report, brought=Brought(), now=now())


def join(campaign: Campaign, member: Member, brought: Brought | None = None) -> Participant:
    participant, _ = campaign_join(
        campaign=campaign, member_id=member.pk, brought=brought or Brought(), now=now()
    )
    return participant


def everyone(*policies: Any, **given: Any) -> Campaign:
    """Everybody who buys is in; ten points for each order."""
    return make_campaign(
        *(policies or ((*BUYS, {"name": "Thank you"}),)), enrolment="everyone", **given
    )


# Nothing ever came.


def test_nobody_of_that_name() -> None:
    assert only(member="ann").code == "member_unknown"


def test_no_campaign_of_that_name_or_a_draft() -> None:
    assert only(campaign="cmp_x").code == "campaign_unknown"
    draft = make_campaign(published=False)
    assert only(campaign=draft.public_id).code == "campaign_unknown"


def test_the_order_was_never_reported() -> None:
    make_member("ann")
    answer = only(member="ann", order_id="A-17")
    assert answer.code == "order_unknown"
    assert answer.shopper == "We have not heard of the order A-17 yet. We will look into it."
    assert answer.ids == {"order": "A-17"}


def test_the_order_was_refunded_before_it_came() -> None:
    refund_report(order_id="A-17", refund_id="r1", ask=RefundAsk(), occurred_at=now())
    assert only(order_id="A-17").code == "refund_before_order"


def test_nothing_of_the_member_ever_came() -> None:
    make_member("ann")
    assert only(member="ann").code == "nothing_reported"


def test_she_never_joined() -> None:
    ann, campaign = make_member("ann"), make_campaign()
    asked = {"member": "ann", "campaign": campaign.public_id}
    assert only(**asked).code == "never_joined"
    link, _ = campaign_link(
        campaign=campaign, member_id=make_member("bob").pk, brought=Brought(), now=now()
    )
    touch_record(member_id=ann.pk, brought=Brought(code=link.code), now=now())
    answer = only(**asked)
    assert answer.code == "never_joined_after_link"
    assert "touched_at" in answer.moments


def test_a_campaign_in_which_nothing_happened() -> None:
    assert only(campaign=make_campaign().public_id).code == "nothing_decided"


# The order counts nowhere, or not there.


def test_no_campaign_ran() -> None:
    buy(make_member("ann"), "A-17")
    assert only(order_id="A-17").code == "no_campaign"
    assert only(member="ann").code == "no_campaign"


def test_the_campaign_was_not_running_at_that_time() -> None:
    campaign = everyone()
    buy(make_member("ann"), "A-17", occurred_at=now() - dt.timedelta(days=3))
    answer = only(order_id="A-17", campaign=campaign.public_id)
    assert answer.code == "campaign_not_running_then"
    assert set(answer.moments) == {"ordered_at", "reported_at", "starts_at"}


def test_the_currency_differs() -> None:
    everyone(name="Spring tea")
    buy(make_member("ann"), "A-17", currency="EUR")
    answer = only(order_id="A-17")
    assert answer.code == "currency_mismatch"
    assert answer.shopper == (
        "About your order A-17 and “Spring tea”: the campaign is for orders in CNY, and this one "
        "is in EUR."
    )


def test_only_orders_of_participants_count() -> None:
    campaign = make_campaign((*BUYS, {}))
    ann = make_member("ann")
    buy(ann, "A-17")
    assert only(order_id="A-17").code == "not_a_participant"
    join(campaign, ann)
    assert "joined_later" in codes(order_id="A-17", campaign=campaign.public_id)


def test_another_campaign_of_the_group_won_the_order(drain: Callable[[], None]) -> None:
    spring = everyone(name="Spring", exclusive_group="season", priority=1)
    summer = everyone(name="Summer", exclusive_group="season", priority=2)
    buy(make_member("ann"), "A-17")
    drain()
    answer = only(order_id="A-17", campaign=spring.public_id)
    assert answer.code == "outranked"
    assert "“Summer” won the order A-17" in answer.operator
    assert codes(order_id="A-17", campaign=summer.public_id) == ["settled"]


def test_only_the_tail_was_left() -> None:
    campaign = everyone(budget_minor=100)
    moment = now() - dt.timedelta(minutes=1)
    Budget.objects.update(tail_bps=5000, reserved_minor=0, spent_minor=0, tail_reached_at=moment)
    Budget.objects.update(tail_bps=10_000)
    buy(make_member("ann"), "A-17")
    assert only(order_id="A-17", campaign=campaign.public_id).code == "campaign_full"


def test_the_campaign_was_paused_then_and_goes_on_now() -> None:
    campaign = everyone()
    campaign_pause(campaign_id=campaign.pk)
    buy(make_member("ann"), "A-17")
    campaign_resume(campaign_id=campaign.pk)
    buy(make_member("bob"), "A-18")
    answer = only(order_id="A-17", campaign=campaign.public_id)
    assert answer.code == "campaign_paused_then"
    assert "was paused from" in answer.operator
    assert "campaign_paused_then" not in codes(order_id="A-18", campaign=campaign.public_id)


def test_the_shop_was_stopped_then_and_goes_on_now() -> None:
    campaign = everyone()
    emergency_stop(now=now())
    buy(make_member("ann"), "A-17")
    emergency_lift(now=now())
    buy(make_member("bob"), "A-18")
    assert only(order_id="A-17", campaign=campaign.public_id).code == "campaign_stopped_then"
    assert "campaign_stopped_then" not in codes(order_id="A-18", campaign=campaign.public_id)


def test_a_pause_that_no_event_tells_of() -> None:
    campaign = everyone()
    Campaign.objects.update(status="paused")
    buy(make_member("ann"), "A-17")
    assert only(order_id="A-17", campaign=campaign.public_id).code == "campaign_not_admitting"


def test_an_order_for_a_seat_counts_there(drain: Callable[[], None]) -> None:
    everyday = everyone()
    room_campaign = make_campaign((*BUYS, {}), name="Groups")
    ann = make_member("ann")
    _, seat = room_open(
        offer=make_offer(room_campaign), member_id=ann.pk, brought=Brought(), now=now()
    )
    pay(seat)
    drain()
    line = Seat.objects.get(pk=seat.pk).line
    assert line is not None
    order_id = line.order.order_id
    assert only(order_id=order_id, campaign=everyday.public_id).code == "counts_with_its_seat"
    assert codes(order_id=order_id, campaign=room_campaign.public_id) == ["room_open"]


# On its way.


def test_the_event_waits() -> None:
    everyone()
    buy(make_member("ann"), "A-17")
    (answer,) = ask(order_id="A-17")
    assert answer.code == "event_pending"
    assert "tried_again_at" in answer.moments


def test_the_event_is_parked() -> None:
    everyone()
    buy(make_member("ann"), "A-17")
    Event.objects.filter(kind="order.paid").update(
        status="parked", attempts=8, last_error="Traceback\nValueError: no"
    )
    assert "event_parked" in codes(member="ann")
    answer = next(row for row in ask(order_id="A-17") if row.code == "event_parked")
    assert answer.developer.endswith("ValueError: no")


def test_she_is_not_confirmed_yet() -> None:
    campaign = make_campaign(qualifying_act="order")
    join(campaign, make_member("ann"))
    assert only(member="ann").code == "not_confirmed"


# It was decided.


def test_a_refusal_in_three_wordings(drain: Callable[[], None]) -> None:
    campaign = everyone(
        (*BUYS, {"name": "First order", "first_order_only": True}), name="Spring tea"
    )
    ann = make_member("ann")
    buy(ann, "A-1")
    buy(ann, "A-2")
    drain()
    answer = only(order_id="A-2")
    assert answer.code == "not_first_order"
    assert answer.shopper == (
        "About your order A-2 in “Spring tea”: this reward is for a first order."
    )
    assert answer.operator.startswith("First order: nothing for ann (the member). Only a member's")
    assert answer.ids["campaign"] == campaign.public_id
    assert sorted(codes(member="ann")) == ["not_first_order", "settled"]
    assert sorted(codes(campaign=campaign.public_id)) == ["not_first_order", "settled"]


def test_a_policy_that_is_not_there(drain: Callable[[], None]) -> None:
    make_campaign((Trigger.ROOM_OPENED, Beneficiary.HOST, {}), enrolment="everyone")
    buy(make_member("ann"), "A-17")
    drain()
    assert only(order_id="A-17").code == "no_policy"


def test_a_friend_s_order_is_not_named_to_others(drain: Callable[[], None]) -> None:
    campaign = make_campaign((*FRIEND_BUYS, {"min_order_minor": 5000}))
    ann, bob, _ = (make_member(name) for name in ("ann", "bob", "cleo"))
    link, _ = campaign_link(campaign=campaign, member_id=ann.pk, brought=Brought(), now=now())
    join(campaign, bob, Brought(code=link.code))
    buy(bob, "B-1")
    drain()
    answer = next(row for row in ask(member="ann") if row.code == "below_minimum")
    assert answer.shopper == (
        "About a friend's order in “Spring”: the order is below the minimum for this reward."
    )
    stranger = only(member="cleo", order_id="B-1")
    assert stranger.code == "not_involved"
    assert "brought by ann" in stranger.operator


def test_the_cap_is_reached(drain: Callable[[], None]) -> None:
    everyone((*BUYS, {"cap_per_member": 1}))
    ann = make_member("ann")
    buy(ann, "A-1")
    drain()
    buy(ann, "A-2")
    drain()
    answer = only(order_id="A-2")
    assert answer.code == "cap_reached"
    assert answer.operator.endswith("The most is 1 per member.")


def test_the_budget_is_spent(drain: Callable[[], None]) -> None:
    everyone(budget_minor=5)
    buy(make_member("ann"), "A-1")
    drain()
    answer = only(order_id="A-1")
    assert answer.code == "budget_spent"
    assert answer.operator.endswith("By now ¥0.00 of ¥0.05 are used.")


# Grants and what became of them.


def test_pending_until_when(drain: Callable[[], None]) -> None:
    campaign = everyone((*BUYS, {"hold_seconds": 3600}), time_zone="Asia/Shanghai")
    buy(make_member("ann"), "A-1")
    drain()
    answer = only(order_id="A-1")
    assert answer.code == "pending"
    assert "You get 10 points after" in answer.shopper
    assert "(Asia/Shanghai)" in answer.shopper
    assert answer.moments["settle_at"] == Grant.objects.get().settle_at
    emergency_stop(now=now())
    assert only(member="ann", campaign=campaign.public_id).code == "pending_stopped"


def test_pending_until_the_order_is_fulfilled(drain: Callable[[], None]) -> None:
    everyone((*BUYS, {"hold_from": "fulfilment"}))
    buy(make_member("ann"), "A-1")
    drain()
    assert only(order_id="A-1").code == "pending_fulfilment"


def refund(order_id: str, amount: int | None = None) -> None:
    refund_report(
        order_id=order_id,
        refund_id="r1",
        ask=RefundAsk(amount_minor=amount),
        occurred_at=now(),
    )


def test_which_refund_took_it_back(drain: Callable[[], None]) -> None:
    everyone()
    buy(make_member("ann"), "A-1")
    drain()
    refund("A-1")
    drain()
    answer = only(order_id="A-1")
    assert answer.code == "taken_back_after_refund"
    assert (answer.ids["order"], answer.ids["refund"]) == ("A-1", "r1")
    assert "the refund r1 of the order A-1" in answer.operator


def test_a_part_of_it_was_taken_back(drain: Callable[[], None]) -> None:
    everyone((*BUYS, {"points": 0, "share_bps": 1000}))
    buy(make_member("ann"), "A-1")
    drain()
    refund("A-1", 400)
    drain()
    answers = {row.code: row for row in ask(order_id="A-1")}
    assert set(answers) == {"taken_back_in_part_after_refund", "settled"}
    assert "60 points of 100 points remain" in answers["taken_back_in_part_after_refund"].shopper


def test_taken_back_by_hand(drain: Callable[[], None]) -> None:
    everyone()
    buy(make_member("ann"), "A-1")
    drain()
    services.grant_void(
        public_id=Grant.objects.get().public_id,
        is_test=False,
        reason="It was a test order.",
        by="olga",
        now=now(),
    )
    answer = only(order_id="A-1")
    assert answer.code == "taken_back_by_hand"
    assert answer.shopper.endswith("we took back 10 points. It was a test order.")
    assert "olga" not in answer.shopper
    assert "Voided by olga" in answer.operator


def test_goodwill(drain: Callable[[], None]) -> None:
    campaign = make_campaign(budget_minor=100)
    ann, bob = make_member("ann"), make_member("bob")
    goodwill = services.goodwill_propose(
        campaign=campaign,
        present=Present(AwardKind.POINTS, 100),
        member_ids=[ann.pk, bob.pk],
        reason="Late.",
        by=Hand(key="key_one"),
        now=now(),
    )
    assert only(member="ann").code == "goodwill_proposed"
    otto = User.objects.create(username="otto")
    services.goodwill_approve(
        public_id=goodwill.public_id, is_test=False, by=Hand(operator_id=otto.pk), now=now()
    )
    assert only(member="ann").code == "goodwill_under_way"
    drain()
    answer = only(member="ann")
    assert answer.code == "settled"
    assert answer.shopper.startswith("About a present from us in “Spring”: you got 100 points on")
    assert only(member="bob").code == "budget_spent"


def test_test_mode_and_live_never_meet(drain: Callable[[], None]) -> None:
    everyone()
    buy(make_member("ann"), "A-1")
    drain()
    (answer,) = why(order_id="A-1", is_test=True, now=now())
    assert answer.code == "order_unknown"


def test_newest_first(drain: Callable[[], None]) -> None:
    everyone()
    ann = make_member("ann")
    for number in range(5):
        buy(ann, f"A-{number}")
        drain()
    moments = [answer.at for answer in ask(member="ann")]
    assert moments == sorted(moments, reverse=True)
    assert len(moments) == 5


# The doors.


def door(path: str, **query: str) -> Any:
    http = APIClient()
    caller = Caller(Door.SERVER, "key_one", is_test=False, scopes=frozenset({"rewards"}))
    http.force_authenticate(token=caller)
    return http.get(f"/api/v1{path}", query)


def test_the_door_answers(drain: Callable[[], None]) -> None:
    campaign = everyone()
    ann = make_member("ann")
    buy(ann, "A-1")
    drain()
    for asked in (
        {"member": "ann"},
        {"member": ann.public_id},
        {"order": "A-1"},
        {"campaign": campaign.public_id},
        {"member": "ann", "order": "A-1", "campaign": campaign.public_id},
    ):
        [answer] = door("/why", **asked).json()["results"]
        assert answer["code"] == "settled"
        assert answer["ids"]["campaign"] == campaign.public_id
        assert answer["moments"]["settled_at"]
    [unknown] = door("/why", order="A-2").json()["results"]
    assert unknown["code"] == "order_unknown"


def test_asked_nothing_it_says_what_to_ask() -> None:
    answer = door("/why")
    assert (answer.status_code, answer.json()["code"]) == (422, "nothing_asked")


def test_decisions_are_found_by_member(drain: Callable[[], None]) -> None:
    everyone()
    ann = make_member("ann")
    make_member("bob")
    buy(ann, "A-1")
    drain()
    found = [door("/decisions", member=name).json()["results"] for name in ("ann", "bob", "cleo")]
    assert [len(rows) for rows in found] == [2, 0, 0]  # her joining, and her order
    assert len(door("/decisions", member=ann.public_id, order="A-1").json()["results"]) == 1

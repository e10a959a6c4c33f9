"""A campaign that uses everything ends the same, in whatever order its events are processed."""

import datetime as dt
import random
from typing import Any

import pytest

from apps.campaigns.models import Audience, AudienceMember, Budget, Campaign, Variant
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import campaign_end, campaign_publish
from apps.checkout.services import fact_report, order_report, refund_report
from apps.core.clock import EngineNow
from apps.core.models import Event
from apps.core.services import events_process
from apps.core.sweepers import run_due
from apps.facts.models import Fact
from apps.facts.services import FactReport
from apps.groupbuy.services import room_open, seat_hold
from apps.invites.models import Act
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join, campaign_link
from apps.members.models import Member
from apps.orders.rules import RefundAsk
from apps.orders.services import LineReport, OrderReport, order_fulfil
from apps.rewards.models import Grant
from apps.tiers.models import Tier
from apps.tiers.services import growth_add, ladder_open
from tests.flows.test_event_order import end_state, process_in
from tests.makers import make_campaign, make_member, make_offer, make_policy, now

pytestmark = pytest.mark.django_db

ME = Beneficiary.MEMBER
POLICIES: tuple[tuple[Trigger, Beneficiary, dict[str, Any]], ...] = (
    (Trigger.JOINED, ME, {"points": 1, "variant": "a"}),
    (Trigger.JOINED, Beneficiary.REFERRER, {"points": 2, "new_members_only": True}),
    (
        Trigger.ORDER_PAID,
        ME,
        {"name": "tea", "points": 0, "share_bps": 500, "product_tags": ["tea"]},
    ),
    (Trigger.ORDER_PAID, Beneficiary.REFERRER, {"points": 30, "first_order_only": True}),
    (
        Trigger.ORDER_PAID,
        ME,
        {"name": "gold", "points": 7, "hold_from": "fulfilment", "tiers": ["gold"]},
    ),
    (Trigger.FRIEND_BOUGHT, ME, {"points": 100, "milestone_every": 2, "milestone_at": [3]}),
    (Trigger.FRIEND_CONFIRMED, ME, {"points": 11, "milestone_at": [1, 3]}),
    (Trigger.ROOM_OPENED, Beneficiary.HOST, {"points": 13}),
    (Trigger.ROOM_COMPLETED, Beneficiary.SEATED, {"points": 17}),
    (Trigger.CHECKED_IN, ME, {"points": 19, "cap_per_day": 1}),
    (Trigger.BIRTHDAY, ME, {"points": 23}),
    (Trigger.TIER_REACHED, ME, {"points": 29, "tiers": ["gold"]}),
)
AT = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)


def make_everything(run: int) -> Campaign:
    """All triggers, two variants and a list; everybody who buys takes part."""
    campaign = make_campaign(
        *POLICIES,
        published=False,
        enrolment="everyone",
        starts_at=AT - dt.timedelta(days=30),
        budget_minor=10_000,
    )
    for key in ("a", "b"):
        Variant.objects.create(campaign=campaign, key=key)
    listed = Audience.objects.create(name=f"Listed {run}")
    make_policy(campaign, Trigger.ORDER_PAID, ME, points=31, audience=listed, name="listed")
    make_policy(
        campaign, Trigger.ORDER_PAID, ME, points=37, excluded_audience=listed, name="not listed"
    )
    Tier.objects.get_or_create(
        ladder=ladder_open(is_test=False), code="gold", rank=1, defaults={"threshold": 100}
    )
    # The draw hangs on ids that are new in every run: one variant has all the weight.
    Variant.objects.filter(campaign=campaign, key="a").update(weight=4_000_000)
    campaign_publish(campaign_id=campaign.pk, now=now())
    campaign.refresh_from_db()
    return campaign


def buy(member: Member, order_id: str, seat: str = "") -> str:
    lines = (
        LineReport("tea", "tea", 1, 2000, tags=("tea",), seat=seat),
        LineReport("cup", "cup", 1, 500),
    )
    report = OrderReport(f"{member.pk} {order_id}", member.pk, "CNY", 2500, now(), lines)
    order_report(report=report, brought=Brought(), now=now())
    return report.order_id


def tell(member: Member, kind: Fact.Kind, key: str) -> None:
    report = FactReport(f"{member.pk} {key}", member.pk, kind, AT)
    fact_report(report=report, now=now())


def grow(member: Member, amount: int) -> None:
    key = f"{member.pk} {amount}"
    growth_add(member_id=member.pk, amount=amount, key=key, reference=key, now=now())


def play(run: int) -> Campaign:
    """Ann brings bob, cleo and dave; orders, a room, refunds, check-ins, a birthday, tiers."""
    campaign = make_everything(run)
    ann, bob, cleo, dave = (make_member(f"{name}-{run}") for name in ("ann", "bob", "cleo", "dave"))
    for member in (bob, cleo):
        AudienceMember.objects.create(audience=Audience.objects.latest("pk"), member=member)
    grow(bob, 150)
    link, _ = campaign_link(campaign=campaign, member_id=ann.pk, brought=Brought(), now=now())
    for member in (ann, bob, cleo, dave):
        brought = Brought("" if member == ann else link.code)
        campaign_join(campaign=campaign, member_id=member.pk, brought=brought, now=now())
    order_fulfil(order_id=buy(bob, "1"), is_test=False, now=now())
    refunded = buy(cleo, "1")
    AudienceMember.objects.all().delete()
    room, host_seat = room_open(
        offer=make_offer(campaign), member_id=dave.pk, brought=Brought(), now=now()
    )
    buy(dave, "seat", host_seat.public_id)
    seat = seat_hold(room=room, member_id=bob.pk, brought=Brought(), now=now())
    in_room = buy(bob, "seat", seat.public_id)
    ask = RefundAsk(lines=(("tea", 700),))
    refund_report(order_id=in_room, refund_id="r1", ask=ask, occurred_at=now())
    refund_report(order_id=refunded, refund_id="r1", ask=RefundAsk(), occurred_at=now())
    for key in ("morning", "evening"):
        tell(ann, Fact.Kind.CHECKED_IN, key)
    tell(dave, Fact.Kind.BIRTHDAY, "birthday")
    grow(ann, 120)
    return campaign


def numbered(campaign: Campaign) -> list[tuple[str, str, int | None]]:
    acts = Act.objects.filter(campaign=campaign)
    rows = acts.values_list("participant__member__profile__nickname", "kind", "nth")
    return sorted((name.split("-")[0], kind, nth or 0) for name, kind, nth in rows)


def finish() -> None:
    events_process()
    while sum(run_due().values()) + events_process():
        pass


def state_of(campaign: Campaign) -> dict[str, Any]:
    return {**end_state(campaign), "acts": numbered(campaign)}


def test_any_order_ends_the_same(invariants_hold: Any) -> None:
    states = []
    for run in range(6):
        campaign = play(run)
        order = list(range(Event.objects.pending().count()))
        assert len(order) > 30
        if run == 1:
            order.reverse()
        elif run > 1:
            random.Random(run).shuffle(order)
        process_in(order)
        states.append(state_of(campaign))
        campaign_end(campaign_id=campaign.pk)  # or it would enrol the next run's buyers too
    invariants_hold()
    for state in states[1:]:
        assert state == states[0]
    kinds = {kind for _, kind, _ in states[0]["acts"]}
    assert kinds == {
        "friend_bought",
        "friend_confirmed",
        "checked_in",
        "birthday",
        "tier_reached",
    }
    assert Budget.objects.filter(reserved_minor__gt=0).exists()  # what waits for its fulfilment
    given = {policy for policy, *_ in states[0]["grants"]}
    assert len(given) == len(POLICIES) + 2


@pytest.mark.parametrize("seed", [1, 2])
def test_processing_any_of_it_again_changes_nothing(invariants_hold: Any, seed: int) -> None:
    campaign = play(seed)
    finish()
    before, grants = state_of(campaign), Grant.objects.count()
    done = list(Event.objects.filter(status=Event.Status.DONE).values_list("pk", flat=True))
    for _ in range(3):
        again = random.Random(seed).sample(done, len(done) // 2)
        Event.objects.filter(pk__in=again).update(
            status=Event.Status.PENDING, processed_at=None, due_at=EngineNow()
        )
        finish()
        assert (state_of(campaign), Grant.objects.count()) == (before, grants)
    invariants_hold()

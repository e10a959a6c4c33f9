"""Events have no order, and one that is processed twice has one effect."""

from typing import Any

import pytest

from apps.campaigns.models import Budget, Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.checkout.services import order_report, refund_report
from apps.core.clock import EngineNow
from apps.core.models import Event
from apps.core.services import event_process_next, events_process
from apps.core.sweepers import run_due
from apps.groupbuy.services import room_open, seat_hold
from apps.invites.selectors import Brought
from apps.invites.services import campaign_link
from apps.members.models import Identity
from apps.orders.rules import RefundAsk
from apps.orders.services import LineReport, OrderReport
from apps.points.selectors import wallet
from apps.rewards.models import Decision, Grant
from tests.makers import make_campaign, make_member, make_offer, now

pytestmark = pytest.mark.django_db

NAMES = ("ann", "bob", "cleo")
POLICIES = (
    (Trigger.JOINED, Beneficiary.MEMBER, {"points": 10}),
    (Trigger.ORDER_PAID, Beneficiary.REFERRER, {"points": 100, "first_order_only": True}),
    (Trigger.ORDER_PAID, Beneficiary.INVITER, {"points": 0, "share_bps": 250}),
    (Trigger.ROOM_COMPLETED, Beneficiary.HOST, {"points": 50}),
    (Trigger.ROOM_COMPLETED, Beneficiary.SEATED, {"points": 3}),
)


def pay(member_id: int, seat: str, order_id: str) -> None:
    report = OrderReport(
        order_id=order_id,
        member_id=member_id,
        currency="CNY",
        paid_minor=5000,
        occurred_at=now(),
        lines=(
            LineReport("tea", "tea", 1, 4900, seat=seat),
            LineReport("cup", "cup", 1, 100),
        ),
    )
    order_report(report=report, brought=Brought(), now=now())


def play(run: int = 0) -> Campaign:
    """Ann's room of three fills; bob gets a part back, and cleo's second room stays open."""
    campaign = make_campaign(*POLICIES, qualifying_act="room")
    ann, bob, cleo = (make_member(f"{name}-{run}") for name in NAMES)
    offer = make_offer(campaign, size=3)
    link, _ = campaign_link(campaign=campaign, member_id=ann.pk, brought=Brought(), now=now())
    room, host_seat = room_open(offer=offer, member_id=ann.pk, brought=Brought(), now=now())
    pay(ann.pk, host_seat.public_id, f"{ann.pk}s")
    for member in (bob, cleo):
        seat = seat_hold(room=room, member_id=member.pk, brought=Brought(link.code), now=now())
        pay(member.pk, seat.public_id, f"{member.pk}s")
    refund_report(
        order_id=f"{bob.pk}s", refund_id="r1", ask=RefundAsk(amount_minor=700), occurred_at=now()
    )
    _, open_seat = room_open(offer=offer, member_id=cleo.pk, brought=Brought(), now=now())
    pay(cleo.pk, open_seat.public_id, f"{cleo.pk}s, again")
    return campaign


def process_in(order: list[int]) -> None:
    """Process the pending events one by one in this order of their positions, then what follows."""
    pending = list(Event.objects.pending().order_by("pk"))
    Event.objects.pending().update(status=Event.Status.PARKED)
    for position in order:
        Event.objects.filter(pk=pending[position].pk).update(status=Event.Status.PENDING)
        assert event_process_next()
        held = Event.objects.pending()
        held.update(status=Event.Status.PARKED)
    Event.objects.parked().update(status=Event.Status.PENDING)
    events_process()
    while sum(run_due().values()) + events_process():
        pass


def end_state(campaign: Campaign) -> dict[str, Any]:
    """What everybody has and why, by names that are the same in every run."""
    cast = Identity.objects.filter(member__participations__campaign=campaign)
    names = {pk: value.split("-")[0] for pk, value in cast.values_list("member_id", "value")}
    policies = {row.public_id: row.name for row in campaign.policies.all()}
    grants = Grant.objects.filter(campaign=campaign)
    latest: dict[str, Decision] = {}
    for decision in Decision.objects.filter(campaign=campaign).order_by("pk"):
        latest[decision.subject] = decision
    budget = Budget.objects.get(campaign=campaign)
    return {
        "wallets": {name: wallet(pk) for pk, name in names.items()},
        "grants": sorted(
            (policies[g.policy], names[g.member_id], g.left, g.status) for g in grants if g.left
        ),
        "decisions": sorted(
            (
                decision.subject.split(":")[0],
                sorted(
                    (policies[a["policy"]], names[a["member_id"]], a["amount"])
                    for a in decision.awards
                ),
                sorted((policies[r["policy"]], r["reason"]) for r in decision.refusals),
            )
            for decision in latest.values()
        ),
        "budget": (budget.reserved_minor, budget.spent_minor),
    }


def shuffles(count: int) -> list[list[int]]:
    """As recorded, reversed, and interleaved in a few ways."""
    forward = list(range(count))
    half = count // 2
    return [
        forward,
        forward[::-1],
        forward[1::2] + forward[::2],
        forward[::2][::-1] + forward[1::2],
        forward[half:] + forward[:half],
    ]


def test_any_order_of_processing_ends_the_same(invariants_hold: Any) -> None:
    states = []
    for number in range(5):
        campaign = play(number)
        count = Event.objects.pending().count()
        assert count >= 12
        process_in(shuffles(count)[number])
        states.append(end_state(campaign))
    invariants_hold()
    assert all(state == states[0] for state in states[1:])
    # ann: joined 10, room 50 and 3, two referees 200, 2.5 % of 50.00 and of 43.00.
    assert states[0]["wallets"]["ann"].available == 10 + 50 + 3 + 200 + 125 + 108


def test_processing_everything_again_changes_nothing(invariants_hold: Any) -> None:
    campaign = play()
    process_in(list(range(Event.objects.pending().count())))
    before, grants = end_state(campaign), Grant.objects.count()
    Event.objects.filter(kind__in=["order.paid", "order.refunded", "room.completed"]).update(
        status=Event.Status.PENDING, processed_at=None, due_at=EngineNow()
    )
    assert events_process() > 5
    assert (end_state(campaign), Grant.objects.count()) == (before, grants)
    invariants_hold()

"""Group discounts in the budget, where a campaign counts them."""

import datetime as dt
from collections.abc import Callable

import pytest

from apps.campaigns.effects import budget_parts
from apps.campaigns.models import Budget, Campaign
from apps.checkout.services import order_report, refund_report
from apps.groupbuy.errors import DiscountsSpent
from apps.groupbuy.models import Offer, Room, Seat
from apps.groupbuy.services import room_open, seat_hold, seat_leave
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join
from apps.members.models import Member
from apps.orders.rules import RefundAsk
from apps.orders.services import LineReport, OrderReport
from tests.makers import make_campaign, make_member, make_offer, now
from tests.races.threads import at_once

Drain = Callable[[], None]
# An offer's item costs 5900 alone and 4900 together.
OFF = 1000


@pytest.fixture(autouse=True)
def promised(committed: None, invariants_hold: Callable[[], None]) -> object:
    yield
    invariants_hold()


def make_counting(budget_minor: int = 10 * OFF) -> Campaign:
    return make_campaign(budget_minor=budget_minor, counts_group_discounts=True)


def used(campaign: Campaign) -> tuple[int, int]:
    budget = Budget.objects.get(campaign=campaign)
    return budget.reserved_minor, budget.spent_minor


def open_room(offer: Offer, host: Member) -> tuple[Room, Seat]:
    return room_open(offer=offer, member_id=host.pk, brought=Brought(), now=now())


def hold(room: Room, member: Member) -> Seat:
    return seat_hold(room=room, member_id=member.pk, brought=Brought(), now=now())


def pay(seat: Seat) -> str:
    order_id = f"o-{seat.public_id}"
    line = LineReport(line_id="1", sku="tea", quantity=1, amount_minor=4900, seat=seat.public_id)
    report = OrderReport(order_id, seat.member_id, "CNY", 4900, now(), (line,))
    order_report(report=report, brought=Brought(), now=now())
    return order_id


def test_reserved_by_the_hold_and_spent_by_the_complete_room(drain: Drain) -> None:
    campaign = make_counting()
    room, first = open_room(make_offer(campaign, size=2), make_member("ann"))
    assert used(campaign) == (OFF, 0)
    pay(first)
    second = hold(room, make_member("bob"))
    drain()
    assert discounts(campaign) == (2 * OFF, 0)
    pay(second)
    drain()
    assert discounts(campaign) == (0, 2 * OFF)


def test_freed_by_leaving_by_a_failed_room_and_by_a_refund(
    drain: Drain, move_clock: Callable[[float], None]
) -> None:
    campaign = make_counting()
    offer = make_offer(campaign, size=2, hold_ttl=dt.timedelta(hours=2))
    ann, bob = make_member("ann"), make_member("bob")
    room, first = open_room(offer, ann)
    pay(first)
    seat_leave(seat_id=hold(room, bob).public_id, member_id=bob.pk)
    drain()
    assert discounts(campaign) == (OFF, 0)
    order = pay(hold(room, bob))
    drain()
    assert discounts(campaign) == (0, 2 * OFF)
    refund_report(order_id=order, refund_id="r1", ask=RefundAsk(), occurred_at=now())
    drain()
    assert discounts(campaign) == (0, OFF)
    lonely, paid = open_room(offer, make_member("cleo"))
    pay(paid)
    drain()
    assert discounts(campaign) == (OFF, OFF)
    move_clock(4000)
    drain()
    lonely.refresh_from_db()
    assert lonely.status == "failed"
    assert discounts(campaign) == (0, OFF)


def discounts(campaign: Campaign) -> tuple[int, int]:
    parts = [part for part in budget_parts(campaign.pk) if part.kind == "group_discount"]
    return (parts[0].reserved_minor, parts[0].spent_minor) if parts else (0, 0)


def test_thirty_hold_seats_on_a_budget_for_three() -> None:
    campaign = make_counting(3 * OFF)
    room, first = open_room(make_offer(campaign, size=100), make_member("ann"))
    pay(first)
    members = [make_member() for _ in range(30)]
    # All join before the budget is used up, and then want a seat.
    for member in members:
        campaign_join(campaign=campaign, member_id=member.pk, brought=Brought(), now=now())
    outcomes = at_once(*(lambda member=member: hold(room, member) for member in members))
    assert sum(isinstance(outcome, Seat) for outcome in outcomes) == 2
    assert all(isinstance(outcome, (Seat, DiscountsSpent)) for outcome in outcomes)
    assert used(campaign) == (3 * OFF, 0)
    assert Seat.objects.count() == 3


def test_a_campaign_that_does_not_count_them_reserves_nothing(drain: Drain) -> None:
    campaign = make_campaign(budget_minor=0, cost_of_1000_points_minor=0)
    Budget.objects.filter(campaign=campaign).update(amount_minor=1)
    _, seat = open_room(make_offer(campaign, size=1), make_member("ann"))
    pay(seat)
    drain()
    assert (seat.discount_minor, used(campaign)) == (0, (0, 0))

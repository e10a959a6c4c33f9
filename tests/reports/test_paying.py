"""Did it pay? Margins after refunds, by where they are known from, and what is taken off them."""

import datetime as dt
import itertools
import random
import re
from collections.abc import Callable
from fractions import Fraction

import pytest
from django.utils import timezone

from apps.campaigns.models import Campaign, Variant
from apps.campaigns.services import (
    CostAuthor,
    CostReport,
    campaign_publish,
    cost_enter,
    cost_reverse,
)
from apps.checkout.services import order_report, refund_report
from apps.invites.models import CampaignOrder, Participant
from apps.invites.selectors import Brought
from apps.members.models import Member
from apps.orders.models import MarginRate, Order, OrderLine
from apps.orders.rules import RefundAsk
from apps.orders.services import LineReport, OrderReport
from apps.reports.selectors import campaign_report
from apps.reports.selectors.ahead import kept_of
from apps.reports.selectors.margins import earned
from apps.reports.selectors.paying import Pay, paying
from apps.reports.selectors.standing import purse_of
from apps.reports.services import campaign_rebuild
from apps.reports.viral.figures import Figure, Reason
from tests.makers import make_campaign, make_member, make_offer
from tests.pages.makers import make_room

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
_orders = itertools.count(1)


def buy(*lines: LineReport, member: Member | None = None, beyond: int = 0) -> Order:
    """An order of these lines, and of so much that is in no line."""
    report = OrderReport(
        order_id=f"buy-{next(_orders)}",
        member_id=(member or make_member()).pk,
        currency="CNY",
        paid_minor=sum(line.amount_minor for line in lines) + beyond,
        occurred_at=timezone.now(),
        lines=lines,
    )
    return order_report(report=report, brought=Brought(), now=timezone.now()).order


def refund(order: Order, amount: int | None = None, **lines: int | None) -> None:
    refund_report(
        order_id=order.order_id,
        refund_id=f"r-{next(_orders)}",
        ask=RefundAsk(amount, tuple(lines.items())),
        occurred_at=timezone.now(),
    )


def rate(tag: str, percent: int) -> None:
    MarginRate.objects.create(tag=tag, rate_bps=percent * 100)


HALF = Figure(0.5)


def paid(campaign: Campaign, k: Figure = HALF) -> Pay:
    """As the report has it once everything is counted."""
    campaign_rebuild(campaign_id=campaign.pk, now=timezone.now())
    now = timezone.now()
    purse, kept = purse_of(campaign), kept_of(campaign, now=now)
    return paying(campaign, purse, kept, k=k, seeds=10, referred=5, now=now)


@pytest.fixture
def campaign() -> Campaign:
    """Everybody who buys is in it."""
    return make_campaign(enrolment="everyone")


def test_each_margin_is_known_in_its_way(campaign: Campaign) -> None:
    rate("tea", 40)
    rate("sale", 10)
    buy(
        LineReport("1", "a", 1, 1000, margin_minor=333),
        LineReport("2", "b", 1, 2000, tags=("tea",)),
        LineReport("3", "c", 1, 3000, tags=("tea", "sale")),
        LineReport("4", "d", 1, 4000, tags=("cups",)),
        beyond=500,
    )
    found = paid(campaign)
    by_source = {row.source: (row.revenue, row.margin) for row in found.covered}
    assert by_source == {"line": (1000, 333), "tag": (5000, 1100), "unknown": (4500, 0)}
    assert found.coverage.value == pytest.approx(6000 / 10_500)
    assert any("unknown margin" in words for words in found.assumed)
    rate("", 20)
    found = paid(campaign)
    by_source = {row.source: (row.revenue, row.margin) for row in found.covered}
    assert by_source["default"] == (4500, 900)
    assert found.coverage.value == 1
    assert found.money.margin == 333 + 1100 + 900


def test_a_refund_takes_its_margin_back(campaign: Campaign) -> None:
    lines = [LineReport(str(n), "tea", 1, 1000, margin_minor=400) for n in range(2)]
    whole, line, amount = (buy(*lines) for _ in range(3))
    assert paid(campaign).money.margin == 2400
    refund(line, **{"0": 500})
    assert paid(campaign).money.margin == 2200
    refund(amount, 500)  # of the order: a quarter of what is left of each line
    assert paid(campaign).money.margin == 2000
    refund(whole)
    found = paid(campaign)
    assert (found.money.margin, found.revenue) == (1200, 3000)
    assert found.balance.attributed.value == 1200


def test_what_cost_nothing_keeps_its_margin_until_it_is_cancelled(campaign: Campaign) -> None:
    gift = buy(LineReport("1", "tea", 1, 0, margin_minor=-300))
    assert paid(campaign).money.margin == -300
    refund(gift)
    assert paid(campaign).money.margin == 0


def test_margins_as_counted_one_by_one(campaign: Campaign) -> None:
    chance = random.Random(6)
    rates = {"tea": 35, "cup": 5, "": 20}
    for tag, percent in rates.items():
        rate(tag, percent)
    for _ in range(25):
        order = buy(
            *(
                LineReport(
                    str(n),
                    "tea",
                    1,
                    chance.randrange(1, 5000),
                    tags=tuple(chance.sample(["tea", "cup", "rest"], chance.randrange(3))),
                    margin_minor=chance.choice([None, None, chance.randrange(-100, 2000)]),
                )
                for n in range(chance.randrange(1, 4))
            ),
            beyond=chance.choice([0, 300]),
        )
        for _ in range(chance.randrange(3)):
            order.refresh_from_db()
            line = order.lines.order_by("pk").first()
            assert line is not None
            if order.kept_minor > 1 and chance.random() < 0.5:
                refund(order, chance.randrange(1, order.kept_minor))
            elif 1 < line.kept_minor < order.kept_minor:
                refund(order, **{line.line_id: chance.randrange(1, line.kept_minor)})
    margin = revenue = Fraction()
    for order in Order.objects.prefetch_related("lines"):
        lines = list(order.lines.all())
        left = order.paid_minor - sum(line.refunded_minor for line in lines)
        factor = Fraction(order.kept_minor, left) if left else Fraction()
        for line in lines:
            kept = factor * Fraction(line.kept_minor, line.amount_minor)
            revenue += kept * line.amount_minor
            margin += kept * by_hand(line, rates)
        beyond = order.paid_minor - sum(line.amount_minor for line in lines)
        revenue += factor * beyond
        margin += factor * Fraction(beyond * rates[""], 100)
    campaign_rebuild(campaign_id=campaign.pk, now=timezone.now())
    found, _ = earned(campaign, [], now=timezone.now())
    assert sum(row.revenue for row in found.covered) == pytest.approx(float(revenue), abs=3)
    assert sum(row.margin for row in found.covered) == pytest.approx(float(margin), abs=3)
    assert float(revenue) == sum(order.kept_minor for order in Order.objects.all())


def by_hand(line: OrderLine, rates: dict[str, int]) -> Fraction:
    if line.margin_minor is not None:
        return Fraction(line.margin_minor)
    percent = min((rates[tag] for tag in line.tags if tag in rates), default=rates[""])
    return Fraction(line.amount_minor * percent, 100)


def test_group_discounts_are_taken_off_once(campaign: Campaign) -> None:
    rate("", 50)
    counted = make_campaign(counts_group_discounts=True, budget_minor=100_000)
    for each in (campaign, counted):
        make_room("ann", "bob", offer=make_offer(each, size=3))
    for each in (campaign, counted):
        found = paid(each)
        # Two seats at 4900 instead of 5900: half of 5900 is margin, 1000 were given away.
        assert (found.money.margin, found.money.discounts) == (5900, 2000)
        assert (found.money.settled, found.money.reserved) == (0, 0)
        assert found.balance.attributed.value == 3900


def test_costs_are_taken_off_and_what_was_reversed_is_not(campaign: Campaign) -> None:
    now = timezone.now()
    told = CostReport("ads", 700, "CNY", now.date(), now.date())
    author = CostAuthor(key="key_shop")
    first = cost_enter(campaign=campaign, report=told, author=author, now=now)
    cost_enter(campaign=campaign, report=told, author=author, now=now)
    cost_reverse(cost_id=first.pk, note="twice", author=author, now=now)
    buy(LineReport("1", "tea", 1, 1000, margin_minor=1000))
    found = paid(campaign)
    assert (found.money.costs, found.balance.attributed.value) == (700, 300)
    assert found.per_member.value == pytest.approx(700 / 10 * 0.5)


def test_no_margin_is_no_answer(campaign: Campaign) -> None:
    buy(LineReport("1", "tea", 1, 1000))
    found = paid(campaign)
    assert found.balance.attributed.reason is Reason.NOT_APPLICABLE
    assert "no margin is known" in found.balance.attributed.why
    assert found.coverage.value == 0


def test_nothing_sold_yet_is_a_loss_of_what_was_spent() -> None:
    found = campaign_report(make_campaign(), now=timezone.now()).pay
    assert (found.revenue, found.balance.attributed.value) == (0, 0)
    assert found.coverage.reason is Reason.NOT_APPLICABLE
    assert found.per_member.reason is Reason.NOT_APPLICABLE
    assert found.balance.incremental.reason is Reason.NOT_APPLICABLE


def a_crowd(campaign: Campaign, variant: str, seeds: int, margin: Callable[[int], int]) -> None:
    """Seeds of a variant who joined 20 days ago; the n-th bought the day after with this margin."""
    joined = timezone.now() - 20 * DAY
    members = Member.objects.bulk_create([Member() for _ in range(seeds)])
    version = campaign.versions.latest("pk")
    people = Participant.objects.bulk_create(
        Participant(
            campaign=campaign,
            member=member,
            version=version,
            variant=variant,
            status="confirmed",
            joined_at=joined,
            confirmed_at=joined,
        )
        for member in members
    )
    for number, row in enumerate(people):
        earned = margin(number)
        if not earned:
            continue
        order = Order.objects.create(
            order_id=f"{variant}-{number}",
            member=row.member,
            nth=1,
            currency="CNY",
            paid_minor=1000,
            occurred_at=joined + DAY,
            fingerprint="-",
        )
        OrderLine.objects.create(
            order=order, line_id="1", sku="tea", quantity=1, amount_minor=1000, margin_minor=earned
        )
        CampaignOrder.objects.create(campaign=campaign, order=order, participant=row)


def a_campaign_with_a_holdout() -> Campaign:
    campaign = make_campaign(published=False, name="Tested")
    Variant.objects.create(campaign=campaign, key="a", weight=1)
    Variant.objects.create(campaign=campaign, key="none", weight=1, is_holdout=True)
    campaign_publish(campaign_id=campaign.pk, now=timezone.now())
    campaign.refresh_from_db()
    return campaign


def test_the_holdout_says_what_would_have_come_anyway() -> None:
    campaign = a_campaign_with_a_holdout()
    a_crowd(campaign, "a", 300, lambda n: 500 if n % 2 else 0)
    a_crowd(campaign, "none", 300, lambda n: 500 if n % 10 == 0 else 0)
    found = paid(campaign)
    assert (found.money.margin, found.holdout_margin) == (75_000, 15_000)
    assert found.balance.attributed.value == 75_000
    assert found.lift.value == pytest.approx(0.8)  # a fifth would have come anyway
    assert found.balance.incremental.value == pytest.approx(60_000)
    assert 0 < found.balance.incremental.low < 60_000 < found.balance.incremental.high <= 75_000


def test_a_small_holdout_is_too_early() -> None:
    campaign = a_campaign_with_a_holdout()
    a_crowd(campaign, "a", 60, lambda n: 500)
    a_crowd(campaign, "none", 5, lambda n: 0)
    assert paid(campaign).balance.incremental.reason is Reason.TOO_EARLY


def test_payback_is_the_day_on_which_the_older_half_has_earned_its_cost(campaign: Campaign) -> None:
    now = timezone.now()
    a_crowd(campaign, "", 10, lambda n: 100)  # 20 days old, each 100 on the second day
    told = CostReport("ads", 500, "CNY", now.date(), now.date())
    cost_enter(campaign=campaign, report=told, author=CostAuthor(key="key_shop"), now=now)
    assert paid(campaign, Figure(0.0)).payback_day.value == 1  # 50 each
    cost_enter(campaign=campaign, report=told, author=CostAuthor(key="key_shop"), now=now)
    cost_enter(campaign=campaign, report=told, author=CostAuthor(key="key_shop"), now=now)
    found = paid(campaign, Figure(0.0))
    assert found.payback_day.reason is Reason.TOO_EARLY
    # Of whole days: the last of them may be confirmed until its end.
    assert re.search("after (19|20) days", found.payback_day.why)
    early = paid(campaign, Figure(None, reason=Reason.TOO_EARLY, why="young"))
    assert (early.per_member.reason, early.payback_day.why) == (Reason.TOO_EARLY, "young")

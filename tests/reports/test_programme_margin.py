"""Margin in the programme report: where it is known from, when money is of it, what models make of it."""

import datetime as dt
import random

import pytest
from django.db import connection
from django.utils import timezone

from apps.core.clock import engine_now
from apps.members.models import Member
from apps.orders.models import MarginRate, Order, OrderLine
from apps.orders.services import LineReport
from apps.reports.models import Programme
from apps.reports.selectors import programme as counts
from apps.reports.selectors.margins import earned
from apps.reports.selectors.programmes import programme_latest
from apps.reports.services import campaign_rebuild, programme_ask, programme_compute
from apps.reports.services.programme import programme_report, programmes_due
from apps.reports.viral.figures import Reason
from tests.makers import make_campaign, make_member, make_offer
from tests.pages.makers import make_room
from tests.reports.test_paying import buy, rate, refund
from tests.reports.test_programme import cdnow
from tests.reports.viral.data import needs_data

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def this_month() -> tuple[int, int | None, float | None, float | None]:
    """Of those who bought first in the last month there is: revenue, margin, how much of it is known,
    and what each was worth."""
    [*_, row] = (row for row in programme_report(now=timezone.now()).cohorts if row.members)
    known, each = row.margin_known.value, row.per_member_minor.value
    return row.kept_minor, row.margin_minor, known, each


def test_each_margin_is_known_in_its_way() -> None:
    buy(LineReport("1", "a", 1, 1000))
    assert this_month() == (1000, None, 0, 1000)
    rate("tea", 40)
    rate("sale", 10)
    buy(
        LineReport("1", "a", 1, 1000, margin_minor=300),
        LineReport("2", "b", 1, 3000, tags=("tea",)),
    )
    revenue, margin, known, each = this_month()
    assert (revenue, margin, known) == (5000, 300 + 1200, 0.8)
    assert each == 2500, "of revenue, as too little of the margin is known"
    buy(LineReport("1", "c", 1, 5000, tags=("tea", "sale")), beyond=100)
    revenue, margin, known, each = this_month()
    assert (revenue, margin) == (10_100, 2000)
    assert known == pytest.approx(9000 / 10_100, abs=1e-4)
    rate("", 20)
    assert this_month() == (10_100, 2000 + 200 + 20, 1, pytest.approx(740))
    assert programme_report(now=timezone.now()).measure == "margin"


def test_a_loss_and_a_refund_are_of_the_margin() -> None:
    order = buy(LineReport("1", "a", 1, 1000, margin_minor=-200))
    assert this_month() == (1000, -200, 1, -200)
    refund(order, 500)
    assert this_month() == (500, -100, 1, -100)


def test_it_agrees_with_the_campaigns_margins() -> None:
    """All orders of a campaign: the programme's margin is the campaign's, less group discounts."""
    campaign = make_campaign(enrolment="everyone")
    chance = random.Random(6)
    for tag, percent in {"tea": 35, "cup": 5, "": 20}.items():
        rate(tag, percent)
    for _ in range(12):
        lines = [
            LineReport(
                str(n),
                "tea",
                1,
                chance.randrange(500, 5000),
                tags=tuple(chance.sample(["tea", "cup", "rest"], chance.randrange(3))),
                margin_minor=chance.choice([None, None, chance.randrange(-100, 2000)]),
            )
            for n in range(chance.randrange(1, 4))
        ]
        order = buy(*lines, beyond=chance.choice([0, 300]))
        if chance.random() < 0.5:
            refund(order, **{lines[0].line_id: chance.randrange(1, 400)})
        if chance.random() < 0.5:
            refund(order, chance.randrange(1, 90))
    campaign_rebuild(campaign_id=campaign.pk, now=timezone.now())
    found = earned(campaign, [], now=timezone.now())[0]
    theirs = sum(row.margin - row.discounts for row in found.covered)
    counts.gather(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(margin), sum(known), sum(revenue) FROM programme_order")
        margin, known, revenue = cursor.fetchone()
    assert float(margin) == pytest.approx(theirs, abs=len(found.covered))
    assert float(known) == pytest.approx(revenue)


def test_a_rate_is_of_the_price_before_the_group_discount() -> None:
    rate("", 50)
    make_room("ann", "bob", offer=make_offer(make_campaign(), size=3))
    # Two seats at 4900 instead of 5900: half of 5900 is margin, 1000 were given away.
    assert this_month()[:2] == (9800, 2 * (2950 - 1000))


@needs_data
def test_cdnows_worth_is_the_margins_share_of_it() -> None:
    """With the same rate for all, margin models are those of revenue, scaled; the backtest, too."""
    cdnow(2500)
    now = dt.datetime(1998, 7, 1, tzinfo=dt.UTC)
    revenue = programme_report(now=now)
    MarginRate.objects.create(tag="", rate_bps=4000)
    margin = programme_report(now=now)
    assert (revenue.measure, margin.measure) == ("revenue", "margin")
    assert revenue.worth.each_minor.value is not None
    assert margin.worth.each_minor.value == pytest.approx(
        0.4 * revenue.worth.each_minor.value, rel=0.01
    )
    whole, part = revenue.worth.backtest, margin.worth.backtest
    assert part.actual == whole.actual
    assert part.actual_minor == pytest.approx(0.4 * whole.actual_minor, abs=1)
    assert part.error.value == whole.error.value
    assert part.error_minor.value == pytest.approx(whole.error_minor.value, abs=0.01)
    assert abs(part.error_minor.value or 1) < 0.6


def test_who_is_a_loss_on_average_is_worth_nothing_and_breaks_nothing() -> None:
    now = timezone.now()
    people = Member.objects.bulk_create(Member(created_at=now - 100 * DAY) for _ in range(120))
    orders = Order.objects.bulk_create(
        Order(
            order_id=f"{member.pk}-{ago}",
            member=member,
            nth=ago,
            occurred_at=now - ago * DAY,
            paid_minor=1000,
            currency="CNY",
            fingerprint="",
        )
        for number, member in enumerate(people)
        for ago in (90, 60, 20)[: number % 4]
    )
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            line_id="1",
            sku="a",
            quantity=1,
            amount_minor=1000,
            margin_minor=order.member_id % 40 * 10 - 50,
        )
        for order in orders
    )
    report = programme_report(now=now)
    assert report.measure == "margin"
    assert report.worth.backtest.error_minor.reason is Reason.TOO_EARLY
    assert sum(row.members for row in report.segments) == 90
    [segment] = (row for row in report.segments if row.segment == "champions")
    assert (segment.kept_each_minor.value or 0) > 0


def test_a_report_of_an_engine_of_before_is_not_shown_and_made_anew() -> None:
    make_member("ann")
    programme_ask()
    programme_compute(now=timezone.now())
    assert programme_latest() is not None
    assert programmes_due() == 0
    kept = Programme.objects.get()
    Programme.objects.update(
        figures={name: value for name, value in kept.figures.items() if name != "shape"},
        asked_at=engine_now(),
    )
    assert programme_latest() is None
    assert programmes_due() == 1

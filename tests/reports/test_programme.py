"""The programme report: a small shop by hand, a published one, and none at all."""

import csv
import datetime as dt
import gzip
import json
from typing import Any

import numpy as np
import pytest

from apps.invites.models import Link, Participant
from apps.members.models import Member
from apps.orders.models import Order
from apps.reports.programme import chain, keeping, months, worth
from apps.reports.programme.months import Bought
from apps.reports.programme.shapes import ProgrammeReport
from apps.reports.selectors import programme as counts
from apps.reports.services.programme import programme_report
from apps.reports.viral.figures import Figure, Reason
from apps.reports.viral.lifetime.purchases import Histories, bg_nbd
from tests.conftest import DATA
from tests.makers import make_campaign
from tests.reports.viral.data import needs_data

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def months_of(*rows: tuple[int, int]) -> list[dt.date]:
    return [dt.date(year, month, 1) for year, month in rows]


class Shop:
    """Members and orders that are simply there."""

    def __init__(self) -> None:
        self.campaign = make_campaign(starts_at=NOW - 400 * DAY)
        self.orders = 0

    def member(self, ago: float, **given: Any) -> Member:
        return Member.objects.create(created_at=NOW - ago * DAY, **given)

    def buys(self, member: Member, *ago: float, **given: Any) -> None:
        for days in ago:
            self.orders += 1
            terms = {"currency": "CNY", "paid_minor": 1000, "is_test": member.is_test, **given}
            Order.objects.create(
                order_id=f"o{self.orders}",
                member=member,
                nth=self.orders,
                occurred_at=NOW - days * DAY,
                fingerprint="",
                **terms,
            )

    def joins(
        self, member: Member, ago: float, by: Participant | None = None, **given: Any
    ) -> Participant:
        at = NOW - ago * DAY
        terms = {"status": "confirmed", "confirmed_at": at, "circumstances": {"is_new": True}}
        return Participant.objects.create(
            campaign=self.campaign,
            member=member,
            version=self.campaign.published_version,
            referrer=by,
            root=by and (by.root or by),
            generation=by.generation + 1 if by else 0,
            joined_at=at,
            **{**terms, **given},
        )


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop()


def by_source(report: ProgrammeReport) -> dict[str, int]:
    return months.by_source(
        {(row.month, source): n for row in report.members for source, n in row.by_source.items()}
    )


def test_what_brought_members_while_they_were_new(shop: Shop) -> None:
    ann = shop.joins(shop.member(100), 99)  # a campaign brought her, by herself
    shop.joins(shop.member(90), 90, ann)  # by ann, without a link
    partner = Link.objects.create(participant=ann, kind="partner", is_default=False)
    shop.joins(shop.member(50), 50, ann, link=partner)
    shop.joins(
        shop.member(50), 50, ann, status="provisional", confirmed_at=None
    )  # may still change
    late = shop.member(80)
    shop.buys(late, 70)
    shop.joins(late, 60, ann, circumstances={"is_new": False})  # had bought before
    shop.member(10)  # the shop itself
    shop.member(20, first_order_at=NOW - 300 * DAY)  # before the engine
    shop.member(5, is_test=True)
    shop.member(-1)  # after the report
    report = programme_report(now=NOW)
    assert by_source(report) == {
        "campaign": 1,
        "member": 1,
        "partner": 1,
        "undecided": 1,
        "shop": 2,
        "history": 1,
    }
    assert report.referred.value == pytest.approx(2 / 7)
    assert sum(row.members for row in report.members) == 7
    january = report.members[1]
    assert (january.month, january.by_source) == (dt.date(2026, 1, 1), {"history": 1})


def test_what_was_not_noted_when_they_joined_is_told_by_their_first_order(shop: Shop) -> None:
    ann = shop.joins(shop.member(100), 99)
    for joined, bought in ((50, 60), (60, 50), (40, None)):
        member = shop.member(70)
        shop.joins(member, joined, ann, circumstances={})
        if bought is not None:
            shop.buys(member, bought)
    assert by_source(programme_report(now=NOW)) == {"campaign": 1, "shop": 1, "member": 2}


def test_cohorts(shop: Shop) -> None:
    """Ann and bob bought first in August; ann again after 10 and 35 days, bob on the same day."""
    ann, bob, cleo, dora = (shop.member(ago) for ago in (110, 110, 60, 30))
    shop.buys(ann, 110, 100, 75)
    shop.buys(bob, 110, 109.9)
    shop.buys(bob, 70, paid_minor=500, currency="USD")
    shop.buys(cleo, 60)
    shop.buys(cleo, 20, refunded_minor=1000)  # sent everything back
    shop.buys(cleo, 55, refunded_minor=400)
    shop.buys(dora, 30, refunded_minor=1000)
    shop.buys(shop.member(90, first_order_at=NOW - 900 * DAY), 80, 10)
    report = programme_report(now=NOW)
    rows = {row.month.month: row for row in report.cohorts if row.members}
    assert {month: row.members for month, row in rows.items()} == {8: 2, 9: 1}
    august, september = rows[8], rows[9]
    assert [cell.value for cell in august.cells[:4]] == [0.5, 1.0, None, None]
    assert august.cells[2].reason is Reason.TOO_EARLY
    assert (august.orders, august.kept_minor) == (6, 5000)
    assert august.first_spans_minor.reason is Reason.TOO_EARLY
    assert [cell.value for cell in september.cells[:2]] == [1.0, None]
    assert september.kept_minor == 1600
    assert (report.currency, report.other_currencies, report.bought_before) == ("CNY", 1, 1)
    assert report.measure == "revenue"


def test_cohorts_of_those_who_were_brought(shop: Shop) -> None:
    ann = shop.member(100)
    shop.buys(ann, 99)
    top = shop.joins(ann, 99)
    bob = shop.member(98)
    shop.joins(bob, 98, top)
    shop.buys(bob, 97, 90)
    report = programme_report(now=NOW)
    assert sum(row.members for row in report.cohorts) == 2
    assert sum(row.members for row in report.cohorts_brought) == 1
    assert sum(row.orders for row in report.cohorts_brought) == 2


def test_months_end_at_the_shops_midnight(shop: Shop, settings: Any) -> None:
    """Half past four in the afternoon of 31 October is November in Shanghai."""
    moment = dt.datetime(2026, 10, 31, 16, 30, tzinfo=dt.UTC)
    Member.objects.create(created_at=moment)
    for zone, month in (("UTC", 10), ("Asia/Shanghai", 11)):
        settings.SHOP_TIME_ZONE = zone
        report = programme_report(now=NOW)
        assert [row.month.month for row in report.members if row.members] == [month]


def test_a_cell_is_blank_until_the_youngest_has_had_its_days() -> None:
    at = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    month = dt.date(2026, 9, 1)
    bought = {(month, 0): Bought(1, 5, 500), (month, 1): Bought(0, 1, 100)}
    rows = months.cohorts([month], {month: 4}, bought, now=at, time_zone="UTC")
    assert [cell.value for cell in rows[0].cells[:3]] == [0.25, 0.0, None]
    before = months.cohorts([month], {month: 4}, bought, now=at - DAY, time_zone="UTC")
    assert [cell.value for cell in before[0].cells[:2]] == [0.25, None]
    nobody = months.cohorts([month], {}, {}, now=at, time_zone="UTC")[0]
    assert nobody.per_member_minor.reason is Reason.NOT_APPLICABLE


def test_the_chain(shop: Shop) -> None:
    """Four appeared 100 days ago or before, watched for 90 days each; one is too young."""
    ann, bob, cleo, dora = (shop.member(ago) for ago in (170, 150, 120, 95))
    shop.buys(ann, 160, 100)
    shop.buys(bob, 100, paid_minor=700)  # not within 30 days, but within 90
    top = shop.joins(cleo, 119)
    shop.joins(dora, 95, top)
    shop.joins(shop.member(20), 20, top)  # ninety days later
    found = programme_report(now=NOW).chain
    assert (found.first, found.last) == (dt.date(2026, 5, 29), dt.date(2026, 8, 26))
    assert [(row.step, row.members) for row in found.steps] == [
        *(("acquisition", 4), ("activation", 3), ("retention", 1), ("referral", 1)),
        ("revenue", 2),
    ]
    assert found.steps[1].share.value == 0.75
    assert found.each_minor.value == (1000 + 1000 + 700) / 4


def test_a_young_shop_is_watched_for_less(shop: Shop) -> None:
    shop.member(40)
    assert programme_report(now=NOW).chain.watched_days == 30


def test_windows_are_watched_in_full() -> None:
    for watch in chain.WATCHES:
        first, last = chain.window(NOW.date(), watch)
        assert (last - first).days == watch - 1
        assert (NOW.date() - last).days > watch


def test_nobody_yet(db: None) -> None:
    report = programme_report(now=NOW)
    assert report.referred.reason is Reason.NOT_APPLICABLE
    assert report.worth.each_minor.reason is Reason.TOO_EARLY
    assert report.worth.backtest.foretold.reason is Reason.TOO_EARLY
    assert report.segments == ()
    assert [step.members for step in report.chain.steps] == [0] * 5
    assert report.currency == ""
    again = keeping.found_again(keeping.kept(report))
    assert again["referred"] == report.referred


def test_what_is_kept_is_found_again() -> None:
    figures = [Figure(0.5, 0.25, 0.75), Figure(None, reason=Reason.TOO_EARLY, why="because")]
    kept = keeping._plain({"of": figures, "day": dt.date(2026, 1, 2), "n": None})
    again = keeping.found_again(json.loads(json.dumps(kept)))
    assert again == {"of": figures, "day": "2026-01-02", "n": None}


def cdnow(most: int = 10_000) -> None:
    """The first members of CDNOW's sample, with their orders, in dollars."""
    with gzip.open(DATA / "clv" / "cdnow_transactions.csv.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file) if int(row["id"]) <= most]
    days = {row["id"]: row["date"] for row in reversed(rows)}
    made = Member.objects.bulk_create(
        Member(created_at=f"{day}T00:00:00Z") for day in days.values()
    )
    members = dict(zip(days, made, strict=True))
    Order.objects.bulk_create(
        Order(
            order_id=str(number),
            member=members[row["id"]],
            nth=number,
            currency="USD",
            paid_minor=max(round(100 * float(row["amount"])), 1),
            occurred_at=f"{row['date']}T12:00:00Z",
            fingerprint="",
        )
        for number, row in enumerate(rows, 1)
    )


@needs_data
def test_cdnow_read_from_orders_is_cdnow(db: None) -> None:
    """Fader, Hardie & Lee 2005 fit 39 weeks; ours are in days. And the report as a whole."""
    cdnow()
    today = dt.date(1998, 6, 30)
    now = dt.datetime(1998, 7, 1, tzinfo=dt.UTC)
    cut = dt.date(1997, 9, 30)
    counts.gather(now)
    buyers = counts.buyers_count()[0]
    frame = counts.Frame(now, "UTC", "USD")
    found = counts.histories(frame, today=today, cut=cut, buyers=buyers)
    assert len(found.repeats) == buyers == 2357
    then = Histories.of(found.repeats_then, found.last_then, found.age - (today - cut).days)
    fit: Any = bg_nbd(then)
    assert (fit.r, fit.alpha / 7, fit.a, fit.b) == pytest.approx(
        (0.243, 4.414, 0.793, 2.426), abs=0.01
    )
    tested = worth._backtest(found, today, (today - cut).days)
    assert tested.actual == pytest.approx(1882, abs=5)
    assert abs(tested.error.value or 1) < 0.125
    assert (tested.cut, len(tested.rows)) == (cut, 8)
    report = programme_report(now=now)
    assert report.worth.dependence_holds
    assert report.worth.members == report.worth.fitted == 2357
    assert report.worth.backtest.days == 91
    assert 0 < (report.worth.backtest.error.value or 0) < 0.35, "they bought ever less"
    assert 100 < (report.worth.each_minor.value or 0) < 10_000
    assert 0.2 < (report.worth.active.value or 0) < 0.9
    assert report.worth.brought_minor.reason is Reason.NOT_APPLICABLE
    assert sum(row.members for row in report.segments) == 2357
    assert sum(row.kept_minor for row in report.cohorts) == 0, "they began before these months"


@needs_data
def test_a_sample_is_fair_and_the_same_each_night(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cdnow(600)
    monkeypatch.setattr(counts, "MOST_FITTED", 200)
    now = dt.datetime(1998, 7, 1, tzinfo=dt.UTC)
    counts.gather(now)
    frame = counts.Frame(now, "UTC", "USD")
    asked = {"today": now.date(), "cut": now.date(), "buyers": 600}
    first, again = (counts.histories(frame, **asked) for _ in range(2))
    assert 140 < len(first.repeats) < 260
    assert sorted(first.kept) == sorted(again.kept)
    found = worth.worth(first, members=600, today=now.date(), tested_days=0)
    assert found.fitted == len(first.repeats)
    assert found.all_minor.value == pytest.approx((found.each_minor.value or 0) * 600)


def test_who_bought_before_the_engine_is_in_segments_only() -> None:
    row = [2.0, 50.0, 60.0, 10.0, 1.0, 20.0, 10.0, 10.0, 0, 0, 30.0]
    before = [*row[:9], 1, 900.0]
    buyers = worth.Buyers.of([row, before])
    found = worth.worth(buyers, members=1, today=NOW.date(), tested_days=28)
    assert found.fitted == 1
    assert sum(segment.members for segment in worth.segments(buyers)) == 2
    assert np.isfinite(worth.Buyers.of([]).kept).all()

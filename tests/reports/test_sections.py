"""The nine questions: answered of a campaign with a past, and with reasons of one without."""

import dataclasses
import re

import pytest
from django.db.models import F
from django.utils import timezone

from apps.invites.models import Participant, Share, Touch
from apps.reports.sections import comparison, counts_tables, default_sections, detail_sections
from apps.reports.selectors import WholeReport, chain, details, whole_report
from apps.reports.selectors.chain import STEPS
from apps.reports.selectors.credits import k_by_credit
from apps.reports.viral.attribution import Credit
from apps.reports.viral.figures import Reason
from tests.makers import make_campaign
from tests.pages.test_chain_pages import join, link_of, opened
from tests.reports.makers import DAY, a_forest, liven

pytestmark = pytest.mark.django_db

NO_NUMBER = re.compile(r"\b(nan|inf|None)\b")


def a_report(*, days: int = 20, seeds: int = 150) -> WholeReport:
    now = timezone.now()
    campaign = make_campaign(
        name="Spring tea", starts_at=now - days * DAY, time_zone="Asia/Shanghai"
    )
    a_forest(campaign, began=now - days * DAY, until=now, seeds=seeds)
    liven(campaign, until=now)
    return whole_report(campaign, now=now)


@pytest.fixture
def report() -> WholeReport:
    return a_report()


def test_every_question_has_an_answer_and_every_picture_its_table(report: WholeReport) -> None:
    sections = default_sections(report)
    assert [section.slug for section in sections] == [
        *("k", "forecast", "generations", "cycle", "funnel", "carriers", "amplification", "cost"),
        "attributed",
    ]
    for section in (*sections, *detail_sections(report, details(report, now=report.as_of))):
        told = " ".join((section.answer, section.caveat, *section.what, section.question))
        assert not NO_NUMBER.search(told), told
        assert section.answer.endswith("."), section.answer
        if section.picture is not None:
            assert section.table.rows
            assert section.picture.alt


def test_nobody_yet() -> None:
    report = whole_report(make_campaign(), now=timezone.now())
    found = details(report, now=report.as_of)
    for section in (*default_sections(report), *detail_sections(report, found)):
        assert not NO_NUMBER.search(" ".join((section.answer, section.caveat, *section.what)))
        assert section.picture is None
        for line in section.lines:
            assert line.figure.value is None
            assert line.why
    assert report.forecast.final.reason is Reason.TOO_EARLY


def test_the_explanation_of_k_can_be_reckoned_after(report: WholeReport) -> None:
    k = report.spreading.k
    told = " ".join(default_sections(report)[0].what)
    assert f"{k.participants:,} people who were brought have so far brought {k.referees:,}" in told
    assert f"= {k.referees / k.exposure:,.2f}." in told


def test_the_chain_telescopes_to_referees_per_participant(report: WholeReport) -> None:
    steps = report.chain.steps
    assert [step.name for step in steps] == list(STEPS)
    product = 1.0
    for step in steps[1:]:
        product *= step.rate.value or 0
    assert product == pytest.approx(report.chain.product.value)
    mature = Participant.objects.filter(
        campaign=report.campaign, confirmed_at__lte=report.as_of - 7 * DAY
    )
    assert steps[0].count == mature.count()
    friends = Participant.objects.filter(
        referrer__in=mature, confirmed_at__lte=F("referrer__confirmed_at") + 7 * DAY
    )
    assert steps[-1].count == friends.count()


def test_the_chain_asks_the_latest_alone(
    report: WholeReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "COHORT", 40)
    steps = chain.mature_chain(report.campaign, now=report.as_of).steps
    assert steps[0].count == 40
    assert steps[-1].count < report.chain.steps[-1].count


def test_where_phones_tell_of_no_intent_that_step_is_left_out(report: WholeReport) -> None:
    Share.objects.all().delete()
    found = chain.mature_chain(report.campaign, now=report.as_of)
    assert [step.name for step in found.steps] == [
        name for name in STEPS if name != "share intents"
    ]
    assert found.product == report.chain.product


def test_days_add_up(report: WholeReport) -> None:
    assert report.grown.everybody[-1] == report.people.participants
    assert report.grown.seeds[-1] == report.people.seeds
    assert report.spent.promised[-1] == report.cost.spent_minor + report.cost.reserved_minor
    assert report.spent.settled[-1] == report.cost.spent_minor
    counted = report.counted
    assert sum(counted.people) == report.people.participants
    assert sum(
        people * x for people, x in zip(counted.people, counted.referees, strict=True)
    ) == int((report.spreading.everybody.rows.n * report.spreading.everybody.rows.referees).sum())


def test_the_forecast_starts_from_now(report: WholeReport) -> None:
    final, fan = report.forecast.final, report.forecast.fan
    assert final.value is not None
    assert final.value >= report.people.participants
    assert fan[0].low >= report.people.participants
    assert all(band.low <= band.median <= band.high for band in fan)


def test_the_detail_page_of_a_forest(report: WholeReport) -> None:
    found = details(report, now=report.as_of)
    assert sum(of.participants for _, of in found.cohorts) == report.people.referred
    assert sum(bar.participants for bar in found.bars) <= report.people.referred
    assert [day for day, _ in found.over_time] == sorted(day for day, _ in found.over_time)
    assert found.over_time[-1][1].value == pytest.approx(report.spreading.k.k.value, rel=0.6)
    largest = found.trees[0]
    assert largest.people == len(largest.parents)
    assert largest.virality.value is not None
    assert found.extinction.value == pytest.approx(1.0)


def test_money_is_left_out_where_it_may_not_be_seen(report: WholeReport) -> None:
    sections = default_sections(report, money=False)
    assert "cost" not in [section.slug for section in sections]
    told = " ".join(str(dataclasses.asdict(section)["answer"]) for section in sections)
    assert "¥" not in told
    assert [table.slug for table in counts_tables(report, money=False)] == ["counts", "rooms"]


def test_two_campaigns_side_by_side(report: WholeReport) -> None:
    found = comparison(report, report)
    assert found.pairs[0].label.startswith("K:")
    assert {pair.apart for pair in found.pairs} <= {False, None}
    assert all(pair.first == pair.second for pair in found.pairs)


def test_credit_moves_between_those_whose_links_were_touched() -> None:
    """ann was brought by dora, cleo came by herself; bob had typed cleo's code a day before he opened
    ann's link."""
    campaign = make_campaign()
    join(campaign, "ann", opened(link_of(campaign, "dora")))
    bob = join(campaign, "bob", opened(link_of(campaign, "ann")))
    Touch.objects.create(
        campaign=campaign,
        member=bob.member,
        source="code",
        link=link_of(campaign, "cleo"),
        touched_at=bob.joined_at - DAY,
    )
    found = {rule: figure.value for rule, figure in k_by_credit(campaign, 2.0)}
    assert found[Credit.FIRST] == 0
    assert found[Credit.LAST] == pytest.approx(0.5)
    assert found[Credit.LINEAR] == pytest.approx(0.25)
    assert {figure.value for _, figure in k_by_credit(campaign, 0.0)} == {None}
    assert k_by_credit(make_campaign(), 1.0) == ()

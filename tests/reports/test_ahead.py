"""What does not add up by days, or is simulated, is counted every few minutes, and read as it was
counted."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.campaigns.models import Campaign
from apps.reports.models import Ahead
from apps.reports.sections import default_sections
from apps.reports.selectors import whole_report
from apps.reports.selectors.ahead import kept_of
from apps.reports.selectors.chain import chain_counted, mature_chain
from apps.reports.selectors.seeds import arms_counted, arms_of
from apps.reports.services import ahead, ahead_count, campaign_rebuild, report_read
from tests.makers import make_campaign
from tests.reports.makers import a_forest
from tests.reports.test_experiment import a_test, bought, people

pytestmark = pytest.mark.django_db

DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)

Later = Callable[[dt.timedelta], int]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Count what is due so much later; how many."""
    began = timezone.now()

    def count(wait: dt.timedelta) -> int:
        monkeypatch.setattr(ahead, "engine_now", lambda: began + wait)
        return ahead_count()

    return count


def participants(campaign: Campaign, now: dt.datetime) -> int:
    return chain_counted(campaign, kept_of(campaign, now=now), now=now)[0].steps[0].count


def foreseen(campaign: Campaign, now: dt.datetime) -> tuple[Any, dt.datetime]:
    report = whole_report(campaign, now=now)
    return report.forecast, report.forecast_at


def grow(campaign: Campaign, *, until: dt.datetime) -> None:
    a_forest(campaign, began=until - 12 * DAY, until=until)
    campaign_rebuild(campaign_id=campaign.pk, now=until)


def test_a_chain_is_ten_minutes_old_at_the_most(later: Later) -> None:
    campaign = make_campaign()
    people(campaign, 2, ago=20 * DAY, below=[])
    assert ahead_count() == 2  # with the forecast
    assert ahead_count() == 0
    people(campaign, 3, ago=20 * DAY, below=[])
    now = timezone.now()
    chain, counted_at = chain_counted(campaign, kept_of(campaign, now=now), now=now)
    assert chain.steps[0].count == 2
    assert counted_at <= now
    assert later(11 * MINUTE) == 2
    then = now + 12 * MINUTE
    assert participants(campaign, then) == 5
    assert chain_counted(campaign, kept_of(campaign, now=then), now=then)[0] == mature_chain(
        campaign, now=now
    )


def test_of_an_ended_campaign_it_is_a_day_old(later: Later) -> None:
    campaign = make_campaign()
    Campaign.objects.filter(pk=campaign.pk).update(status="ended")
    make_campaign(published=False)
    assert ahead_count() == 2
    assert [later(hours * DAY / 24) for hours in (1, 25)] == [0, 2]


def test_what_takes_long_is_counted_less_often(later: Later) -> None:
    make_campaign()
    ahead_count()
    Ahead.objects.update(took=MINUTE)
    assert [later(minutes * MINUTE) for minutes in (99, 101)] == [0, 2]


def test_where_workers_are_away_or_the_window_is_another_it_is_counted_at_once() -> None:
    campaign = make_campaign()
    ahead_count()
    people(campaign, 2, ago=20 * DAY, below=[])
    now = timezone.now()
    assert participants(campaign, now) == 0
    assert participants(campaign, now + 3 * DAY) == 2
    campaign.attribution_window = 3 * DAY
    campaign.save()
    assert participants(campaign, now) == 2
    assert ahead_count() == 2
    assert participants(campaign, timezone.now()) == 2


def test_seeds_are_counted_ahead_where_a_holdout_is_kept() -> None:
    campaign = a_test("a", "b", holdout="b")
    seeds = people(campaign, 2, ago=20 * DAY, below=[], variant="a")
    bought(campaign, seeds[0], 500, ago=19 * DAY)
    people(campaign, 3, ago=DAY, below=[], variant="b")
    assert ahead_count() == 3
    now = timezone.now()
    counted = arms_of(campaign, 7 * DAY, now=now)
    bought(campaign, seeds[1], 700, ago=19 * DAY)

    def arms(window: dt.timedelta) -> dict[str, Any]:
        return arms_counted(campaign, window, kept_of(campaign, now=now), now=now)[0]

    assert arms(7 * DAY) == counted
    assert counted["a"].margin.total == 500
    assert arms(8 * DAY)["a"].margin.total == 1200


def test_a_forecast_counted_ahead_is_the_one_counted_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    campaign, now = make_campaign(time_zone="Asia/Shanghai"), timezone.now()
    grow(campaign, until=now)
    at_once, counted_at = foreseen(campaign, now)
    assert at_once.final.value is not None
    assert (len(at_once.fan), counted_at) == (30, now)
    monkeypatch.setattr(ahead, "engine_now", lambda: now)
    assert ahead_count() == 2
    assert foreseen(campaign, now) == (at_once, now)
    in_a_while, counted_at = foreseen(campaign, now + 30 * MINUTE)
    assert (in_a_while.final, counted_at) == (at_once.final, now)
    tomorrow = at_once.later(1)
    assert [band.day for band in tomorrow.fan] == list(range(1, 30))
    assert tomorrow.fan[0].median == at_once.fan[1].median


def test_a_campaign_that_grew_is_foreseen_anew_within_a_minute(later: Later) -> None:
    campaign, now = make_campaign(), timezone.now()
    grow(campaign, until=now)
    assert ahead_count() == 2
    before, counted_at = foreseen(campaign, timezone.now())
    people(campaign, 40, ago=DAY, below=[])
    campaign_rebuild(campaign_id=campaign.pk, now=timezone.now())
    assert foreseen(campaign, timezone.now()) == (before, counted_at)
    report = whole_report(campaign, now=timezone.now())
    assert f"more than the {before.participants:,} of then" in default_sections(report)[1].answer
    assert [later(wait * MINUTE) for wait in (0.5, 1.5, 2.6, 13)] == [0, 1, 0, 2]
    after, _ = foreseen(campaign, now + 14 * MINUTE)
    assert after.participants == before.participants + 40


@pytest.mark.parametrize("status", ["running", "ended"])
def test_whom_an_ended_campaign_still_confirms_is_foreseen_too(later: Later, status: str) -> None:
    campaign = make_campaign()
    ahead_count()
    Campaign.objects.filter(pk=campaign.pk).update(status=status)
    people(campaign, 1, ago=DAY, below=[])
    campaign_rebuild(campaign_id=campaign.pk, now=timezone.now())
    assert [later(wait * MINUTE) for wait in (0.5, 1.5)] == [0, 1]


def test_whoever_counts_for_themselves_keeps_it_for_the_next() -> None:
    campaign, now = make_campaign(), timezone.now()
    grow(campaign, until=now)
    first = report_read(campaign=campaign, now=now)
    assert {found.what for found in first.new} == {"chain", "forecast"}
    second = report_read(campaign=campaign, now=now + MINUTE)
    assert (second.new, second.forecast, second.forecast_at) == ((), first.forecast, now)
    assert second.chain == first.chain
    later_on = now + 2 * DAY / 24
    assert report_read(campaign=campaign, now=later_on).forecast_at == later_on
    report_read(campaign=campaign, now=now + MINUTE)  # who looks as of then takes nothing back
    assert Ahead.objects.get(what="forecast").counted_at == later_on


def test_the_page_says_when_it_was_counted(admin_client: Client) -> None:
    campaign = make_campaign()
    address = reverse("admin:campaigns_campaign_report", args=[campaign.pk])
    assert "Counted on" not in admin_client.get(address).content.decode()
    page = admin_client.get(address).content.decode()
    kept = Ahead.objects.get(what="forecast").counted_at
    assert page.count(f"Counted on {kept:%-d %B %Y} at <time") == 2

"""What does not add up by days is counted every few minutes, and read as it was counted."""

import datetime as dt

import pytest
from django.utils import timezone

from apps.campaigns.models import Campaign
from apps.reports.models import Ahead
from apps.reports.selectors.chain import chain_counted, mature_chain
from apps.reports.selectors.seeds import arms_counted, arms_of
from apps.reports.services import ahead, ahead_count
from tests.makers import make_campaign
from tests.reports.test_experiment import a_test, bought, people

pytestmark = pytest.mark.django_db

DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)


def participants(campaign: Campaign, now: dt.datetime) -> int:
    return chain_counted(campaign, now=now)[0].steps[0].count


def test_a_chain_is_ten_minutes_old_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_campaign()
    people(campaign, 2, ago=20 * DAY, below=[])
    assert ahead_count() == 1
    assert ahead_count() == 0
    people(campaign, 3, ago=20 * DAY, below=[])
    now = timezone.now()
    chain, counted_at = chain_counted(campaign, now=now)
    assert chain.steps[0].count == 2
    assert counted_at <= now
    monkeypatch.setattr(ahead, "engine_now", lambda: now + 11 * MINUTE)
    assert ahead_count() == 1
    assert participants(campaign, now + 12 * MINUTE) == 5
    assert chain_counted(campaign, now=now + 12 * MINUTE)[0] == mature_chain(campaign, now=now)


def test_of_an_ended_campaign_it_is_a_day_old(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_campaign()
    Campaign.objects.filter(pk=campaign.pk).update(status="ended")
    make_campaign(published=False)
    assert ahead_count() == 1
    now = timezone.now()
    for hours, due in ((1, 0), (25, 1)):
        monkeypatch.setattr(ahead, "engine_now", lambda h=hours: now + h * DAY / 24)
        assert ahead_count() == due


def test_what_takes_long_is_counted_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    make_campaign()
    ahead_count()
    Ahead.objects.update(took=MINUTE)
    now = timezone.now()
    for minutes, due in ((99, 0), (101, 1)):
        monkeypatch.setattr(ahead, "engine_now", lambda m=minutes: now + m * MINUTE)
        assert ahead_count() == due


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
    assert ahead_count() == 1
    assert chain_counted(campaign, now=timezone.now())[0].steps[0].count == 2


def test_seeds_are_counted_ahead_where_a_holdout_is_kept() -> None:
    campaign = a_test("a", "b", holdout="b")
    seeds = people(campaign, 2, ago=20 * DAY, below=[], variant="a")
    bought(campaign, seeds[0], 500, ago=19 * DAY)
    people(campaign, 3, ago=DAY, below=[], variant="b")
    assert ahead_count() == 2
    now = timezone.now()
    counted = arms_of(campaign, 7 * DAY, now=now)
    bought(campaign, seeds[1], 700, ago=19 * DAY)
    assert arms_counted(campaign, 7 * DAY, now=now) == counted
    assert counted["a"].margin.total == 500
    assert arms_counted(campaign, 8 * DAY, now=now)["a"].margin.total == 1200

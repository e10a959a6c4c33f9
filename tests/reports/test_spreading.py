"""K, corrected for age, read from participants: the same as counted one by one."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.reports import services
from apps.reports.selectors import campaign_report
from apps.reports.selectors.spreading import Spreading, spreading
from apps.reports.templatetags import figures
from apps.reports.viral import delays, multiplication
from apps.reports.viral.figures import Figure, Reason
from apps.reports.viral.offspring import Offspring
from tests.makers import make_campaign
from tests.reports.makers import DAY, a_forest

pytestmark = pytest.mark.django_db

WEEK = dt.timedelta(days=7)


def by_hand(
    campaign: Campaign, now: dt.datetime
) -> tuple[multiplication.Multiplication, delays.Delays]:
    """K of non-seeds and F, one participant at a time, in whole minutes."""
    people = list(Participant.objects.filter(campaign=campaign).select_related("referrer"))
    age = {
        row.pk: min((now - row.confirmed_at) // dt.timedelta(minutes=1), 7 * 1440) for row in people
    }
    brought = dict.fromkeys(age, 0)
    pairs = []
    for row in people:
        if row.referrer:
            came = (row.confirmed_at - row.referrer.confirmed_at) // dt.timedelta(minutes=1)
            if came <= 7 * 1440:
                brought[row.referrer_id] += 1
                pairs.append((came / 1440, age[row.referrer_id] / 1440))
    f = delays.lynden_bell(*zip(*pairs, strict=True), window=7.0)
    others = [row for row in people if row.referrer]
    rows = Offspring.of(
        [brought[row.pk] for row in others], f.share([age[row.pk] / 1440 for row in others])
    )
    buckets = multiplication.Buckets.of([row.root_id % 64 for row in others], rows)
    return multiplication.corrected(rows, buckets), f


def grown(campaign: Campaign, **given: Any) -> None:
    """A forest, counted."""
    a_forest(campaign, **given)
    services.campaign_rebuild(campaign_id=campaign.pk, now=given["until"])


def tolerance(k: Figure) -> float:
    return max(0.01 * k.value, 0.2 * (k.high - k.low) / 2)


@pytest.mark.parametrize("days", [8, 12, 40])
def test_k_from_slots_is_k_from_minutes(days: int) -> None:
    """Within 1 %, or a fifth of what the interval leaves open; and no referee is lost."""
    now = timezone.now()
    campaign = make_campaign(attribution_window=WEEK, time_zone="Asia/Shanghai")
    grown(campaign, began=now - days * DAY, until=now, seeds=300)
    found, (expected, f) = spreading(campaign, now=now), by_hand(campaign, now)
    assert expected.k.value is not None
    assert found.k.referees == expected.referees
    assert found.k.participants == expected.participants
    assert found.k.k.value == pytest.approx(expected.k.value, abs=tolerance(expected.k))
    ends = [(figure.low, figure.high) for figure in (found.k.k, expected.k)]
    assert ends[0] == pytest.approx(ends[1], rel=0.1 if days == 8 else 0.02)
    assert found.corrected
    assert "own" in found.source
    cycle = delays.cycle_time(f)
    for name in ("median", "p90", "mean"):
        slots, minutes = (getattr(each, name).value for each in (found.cycle, cycle))
        assert slots == pytest.approx(minutes, rel=0.1)
    assert [row.generation for row in found.generations][:2] == [0, 1]
    assert sum(row.multiplication.participants for row in found.generations) > 300


def test_quick_campaigns_are_told_by_minutes_too() -> None:
    """Half of the referees come within the hour: F rises steeply where slots are an hour wide."""
    now = timezone.now()
    campaign = make_campaign(attribution_window=WEEK)
    grown(campaign, began=now - 9 * DAY, until=now, seeds=400, quick=True)
    found, (expected, f) = spreading(campaign, now=now), by_hand(campaign, now)
    assert found.k.k.value == pytest.approx(expected.k.value, rel=0.01)
    median = delays.cycle_time(f).median.value
    assert median < 1 / 24
    assert found.cycle.median.value == pytest.approx(median, abs=5 / 1440)


def test_variants_apart() -> None:
    now = timezone.now()
    campaign = make_campaign(attribution_window=WEEK)
    grown(campaign, began=now - 12 * DAY, until=now)
    whole = spreading(campaign, now=now)
    parts = [spreading(campaign, now=now, variant=name) for name in ("", "b")]
    assert [part.k.participants for part in parts] == [whole.k.participants, 0]


def test_a_young_campaign_borrows_the_delays_of_earlier_ones() -> None:
    now = timezone.now()
    old, young = (make_campaign(attribution_window=WEEK) for _ in range(2))
    grown(young, began=now - 5 * DAY, until=now, seeds=200)
    alone = spreading(young, now=now)
    assert not alone.corrected
    assert "uncorrected" in alone.source
    grown(old, began=now - 60 * DAY, until=now, seeds=200)
    helped = spreading(young, now=now)
    assert helped.corrected
    assert "earlier campaigns" in helped.source
    assert helped.k.exposure < alone.k.exposure


def test_campaigns_of_another_kind_lend_nothing() -> None:
    now = timezone.now()
    other = make_campaign(attribution_window=2 * WEEK)
    young = make_campaign(attribution_window=WEEK)
    grown(other, began=now - 60 * DAY, until=now)
    grown(young, began=now - 3 * DAY, until=now)
    assert not spreading(young, now=now).corrected


def test_nobody_yet() -> None:
    found = campaign_report(make_campaign(), now=timezone.now()).spreading
    assert isinstance(found, Spreading)
    assert found.k.k.reason is Reason.NOT_APPLICABLE
    assert found.seeds.k.reason is Reason.NOT_APPLICABLE
    assert found.cycle.median.reason is Reason.NOT_APPLICABLE
    assert found.generations == ()


def test_who_is_confirmed_before_their_referrer_came_at_once() -> None:
    now = timezone.now()
    campaign = make_campaign(attribution_window=WEEK)
    a_forest(campaign, began=now - 20 * DAY, until=now, seeds=40)
    child = Participant.objects.filter(campaign=campaign, referrer__isnull=False).first()
    Participant.objects.filter(pk=child.pk).update(confirmed_at=child.referrer.confirmed_at - DAY)
    services.campaign_rebuild(campaign_id=campaign.pk, now=now)
    assert spreading(campaign, now=now).cycle.median.value >= 0


@pytest.mark.parametrize(
    ("figure", "number", "interval"),
    [
        (None, "–", ""),
        (Figure(0.5), "0.500", ""),
        (Figure(0.5, 0.25, 1234.0), "0.500", "0.250 to 1,234.000"),
        (
            Figure(0.5, 0.25, None, Reason.UNBOUNDED),
            "0.500",
            "at least 0.250, without an upper end",
        ),
        (Figure(None, 0.0, 0.03, Reason.UPPER_BOUND), "upper bound only", "at most 0.030"),
        (Figure(None, reason=Reason.TOO_EARLY), "too early", ""),
    ],
)
def test_figures_in_words(figure: Figure | None, number: str, interval: str) -> None:
    assert figures.number(figure) == number
    assert figures.interval(figure) == interval


@pytest.mark.parametrize(
    ("days", "words"),
    [(3.25, "3.2 days"), (0.5, "12.0 hours"), (0.01, "14 minutes"), (0.0, "0 minutes")],
)
def test_spans_in_words(days: float, words: str) -> None:
    assert figures.span(Figure(days)) == words


def test_both_ends_of_a_span_have_one_unit() -> None:
    assert figures.span_interval(Figure(2.0, 1.5, 3.0)) == "1.5 days to 3.0 days"
    assert figures.span_interval(None) == ""

"""K, corrected for age, read from participants: the same as counted one by one."""

import datetime as dt

import pytest
from django.utils import timezone

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
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


def by_hand(campaign: Campaign, now: dt.datetime) -> multiplication.Multiplication:
    """K of non-seeds, one participant at a time, in whole minutes."""
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
    return multiplication.corrected(
        rows, multiplication.Buckets.of([row.root_id % 64 for row in others], rows)
    )


def test_cells_count_as_people_do() -> None:
    now = timezone.now()
    campaign = make_campaign(attribution_window=WEEK)
    a_forest(campaign, began=now - 12 * DAY, until=now)
    found, expected = spreading(campaign, now=now), by_hand(campaign, now)
    assert expected.k.value is not None
    assert found.k.referees == expected.referees
    assert found.k.participants == expected.participants
    assert found.k.exposure == pytest.approx(expected.exposure)
    ends = [(figure.low, figure.value, figure.high) for figure in (found.k.k, expected.k)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-4)
    assert found.corrected
    assert "own" in found.source
    assert 0.3 < found.cycle.median.value < 4
    assert [row.generation for row in found.generations][:2] == [0, 1]


def test_a_young_campaign_borrows_the_delays_of_earlier_ones() -> None:
    now = timezone.now()
    old, young = (make_campaign(attribution_window=WEEK) for _ in range(2))
    a_forest(young, began=now - 5 * DAY, until=now, seeds=200)
    alone = spreading(young, now=now)
    assert not alone.corrected
    assert "uncorrected" in alone.source
    a_forest(old, began=now - 60 * DAY, until=now, seeds=200)
    helped = spreading(young, now=now)
    assert helped.corrected
    assert "earlier campaigns" in helped.source
    assert helped.k.exposure < alone.k.exposure


def test_campaigns_of_another_kind_lend_nothing() -> None:
    now = timezone.now()
    other = make_campaign(attribution_window=2 * WEEK)
    young = make_campaign(attribution_window=WEEK)
    a_forest(other, began=now - 60 * DAY, until=now)
    a_forest(young, began=now - 3 * DAY, until=now)
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

"""When an operator is told: far from usual, and not by chance."""

import pytest

from apps.reports import alert_rules
from apps.reports.alert_rules import Alert, Burn, Pace, Refunds, Source, Sources
from apps.reports.viral.figures import Figure, Reason

USUAL = Figure(0.5, 0.4, 0.6)


@pytest.mark.parametrize(
    ("recent", "kind"),
    [
        (Figure(0.2, 0.1, 0.39), Alert.K_FELL),
        (Figure(0.8, 0.61, 1.0), Alert.K_ROSE),
        (Figure(0.3, 0.2, 0.41), None),
        (Figure(None, reason=Reason.TOO_EARLY), None),
        (Figure(0.2), None),
    ],
)
def test_k_leaves_its_interval(recent: Figure, kind: Alert | None) -> None:
    found = alert_rules.k_changed(Pace(recent, USUAL, 20))
    assert (found and found[0]) == kind
    assert alert_rules.k_changed(Pace(recent, USUAL, 19)) is None
    assert alert_rules.k_changed(Pace(recent, Figure(None, reason=Reason.TOO_EARLY), 20)) is None


@pytest.mark.parametrize(
    ("burn", "hours"),
    [
        (Burn(1000, 200, 100, None), 48),
        (Burn(1000, 201, 100, None), None),
        (Burn(1000, 200, 100, 48), None),  # it ends first
        (Burn(1000, 200, 100, 49), 48),
        (Burn(10_000, 200, 499, None), None),  # a slow day's crumbs
        (Burn(1000, 0, 100, None), None),
        (Burn(1000, 500, 0, None), None),
        (Burn(0, 0, 0, None), None),
    ],
)
def test_a_budget_burns(burn: Burn, hours: float | None) -> None:
    found = alert_rules.burns(burn)
    assert (found and found["hours_left"]) == hours


def leaps(recent: int, before: int, joined: int, joined_before: int, tried: int = 10) -> bool:
    sources = Sources(joined, joined_before, tried, (Source("kol", recent, before),))
    return alert_rules.sudden(sources) is not None


def test_a_source_is_sudden() -> None:
    assert leaps(50, 0, 100, 700)
    assert leaps(50, 100, 100, 700)
    assert not leaps(50, 120, 100, 700)  # thrice its share, not quite
    assert not leaps(24, 0, 100, 700)  # no quarter
    assert not leaps(19, 0, 20, 700)  # few
    assert not leaps(50, 0, 100, 0)  # nobody knows what is usual
    assert not leaps(20, 1, 80, 22, tried=1000)  # by chance, with so many sources
    assert leaps(20, 1, 80, 22, tried=10)
    assert alert_rules.sudden(Sources(0, 0, 0, ())) is None


def test_the_source_that_leapt_most_is_told() -> None:
    one, other = Source("one", 40, 100), Source("other", 30, 0)
    found = alert_rules.sudden(Sources(100, 1000, 5, (one, other)))
    assert found is not None
    assert found[0] == other
    assert found[1]["people"] == 30


@pytest.mark.parametrize(
    ("week", "norm", "expected"),
    [
        (Refunds(100, 12), Refunds(400, 10), 2.7),
        (Refunds(100, 9), Refunds(400, 3), None),  # few
        (Refunds(1000, 50), Refunds(400, 10), None),  # not twice
        (Refunds(100, 50), Refunds(99, 0), None),  # no norm
        (Refunds(50, 10), Refunds(400, 39), None),  # twice, and chance makes that
    ],
)
def test_refunds_above_the_norm(week: Refunds, norm: Refunds, expected: float | None) -> None:
    found = alert_rules.refunds_high(week, norm)
    assert (found and found["expected"]) == expected

"""Who stands where, and which days count."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.reports.ranking import Days, Period, Rung, Standings, days_of, standings


def of(*referees: int) -> Standings:
    """The standings of participants 0, 1, … who brought so many each, best first."""
    counted = list(enumerate(referees))
    rungs = [Rung(n, referees.count(n)) for n in sorted(set(referees), reverse=True)]
    return standings(counted, rungs)


def test_ties_share_a_rank() -> None:
    found = of(5, 5, 3, 2, 2, 2, 1)
    assert [place.rank for place in found.places] == [1, 1, 3, 4, 4, 4, 7]
    assert found.participants == 7
    assert of().places == ()


def test_the_rank_of_whoever_is_not_shown() -> None:
    found = of(5, 5, 3, 2, 2, 2, 1).best(2)
    assert [found.rank_of(n) for n in (9, 5, 4, 3, 2, 1, 0)] == [1, 1, 3, 3, 4, 7, None]


def test_a_tie_that_does_not_fit_is_told() -> None:
    found = of(5, 3, 2, 2, 2)
    assert [found.best(size).tied_and_not_shown for size in (1, 2, 3, 4, 5)] == [0, 0, 2, 1, 0]
    assert of().tied_and_not_shown == 0


@given(st.lists(st.integers(1, 5), max_size=30))
def test_a_rank_is_one_more_than_those_who_brought_more(referees: list[int]) -> None:
    found = of(*sorted(referees, reverse=True))
    for place in found.places:
        assert place.rank == 1 + sum(n > place.referees for n in referees)
        assert found.rank_of(place.referees) == place.rank


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.ALL, None, None),
        (Period.WEEK, dt.date(2026, 11, 30), dt.date(2026, 12, 6)),
        (Period.MONTH, dt.date(2026, 12, 1), dt.date(2026, 12, 31)),
    ],
)
def test_the_days_of_a_period_are_the_campaigns(
    period: Period, first: dt.date | None, last: dt.date | None
) -> None:
    """Half past six on a Monday evening of November in London is December in Shanghai."""
    at = dt.datetime(2026, 11, 30, 18, 30, tzinfo=dt.UTC)
    assert days_of(period, at, "Asia/Shanghai") == Days(first, last)


def test_both_days_count_in_full_also_when_clocks_change() -> None:
    """Berlin's 25 October 2026 has 25 hours."""
    day = dt.date(2026, 10, 25)
    since, until = Days(day, day).instants("Europe/Berlin")
    assert since == dt.datetime(2026, 10, 24, 22, tzinfo=dt.UTC)
    assert until == dt.datetime(2026, 10, 25, 23, tzinfo=dt.UTC)
    assert Days().instants("UTC") == (None, None)

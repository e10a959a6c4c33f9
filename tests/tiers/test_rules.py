"""Who rises, keeps and falls. No database."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tiers.rules import (
    Leaving,
    OpenEntry,
    Rung,
    Standing,
    Terms,
    TurnKind,
    advanced,
    rank_for,
    risen,
    taken_from,
    way_up,
)

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
RUNGS = (Rung("silver", 1, 100), Rung("gold", 2, 500), Rung("black", 3, 2000))
YEAR = Terms(RUNGS, period=365 * DAY)
GRACE = Terms(RUNGS, period=365 * DAY, grace=30 * DAY)
STRAIGHT = Terms(RUNGS, period=365 * DAY, straight=True)

growths = st.integers(0, 3000)


@pytest.mark.parametrize(
    ("growth", "rank"),
    [(0, 0), (99, 0), (100, 1), (499, 1), (500, 2), (1999, 2), (2000, 3), (10**12, 3)],
)
def test_the_tier_that_growth_earns(growth: int, rank: int) -> None:
    assert rank_for(growth, RUNGS) == rank


@pytest.mark.parametrize(
    ("growth", "rank", "following", "missing"),
    [(0, 0, "silver", 100), (130, 1, "gold", 370), (40, 2, "black", 1960), (600, 1, "gold", 0)],
)
def test_the_way_to_the_next(growth: int, rank: int, following: str, missing: int) -> None:
    way = way_up(growth, rank, RUNGS)
    assert way is not None
    assert (way.rung.code, way.missing) == (following, missing)


def test_no_way_leads_beyond_the_top_or_without_a_ladder() -> None:
    assert way_up(5000, 3, RUNGS) is None
    assert way_up(0, 0, ()) is None


def member(growth: int, rank: int) -> Standing:
    """Somebody whose period ends now."""
    return Standing(NOW - DAY, growth, rank, NOW - 365 * DAY, NOW - 365 * DAY, NOW)


@pytest.mark.parametrize(
    ("growth", "rank", "terms", "lands", "kinds"),
    [
        (500, 2, YEAR, 2, ["kept"]),
        (499, 2, YEAR, 1, ["lowered"]),
        (0, 3, YEAR, 2, ["lowered"]),
        (0, 3, STRAIGHT, 0, ["lowered"]),
        (130, 3, STRAIGHT, 1, ["lowered"]),
        (0, 1, YEAR, 0, ["lowered"]),
        (0, 3, GRACE, 3, []),
        (2000, 1, YEAR, 3, ["reached", "reached"]),
    ],
    ids=[
        *("kept", "one down", "one down only", "straight to none", "straight to silver"),
        *("no tier", "grace", "the ladder was lowered meanwhile"),
    ],
)
def test_the_end_of_a_period(
    growth: int, rank: int, terms: Terms, lands: int, kinds: list[str]
) -> None:
    after, turns = advanced(member(growth, rank), [], NOW, terms)
    assert (after.rank, [str(turn.kind) for turn in turns]) == (lands, kinds)


def test_a_period_is_half_open() -> None:
    before, turns = advanced(member(0, 2), [], NOW - dt.timedelta(microseconds=1), YEAR)
    assert (before.rank, turns) == (2, [])


def test_growth_that_leaves_as_the_period_ends_no_longer_counts() -> None:
    after, _ = advanced(member(500, 2), [Leaving(NOW, 1)], NOW, YEAR)
    assert (after.rank, after.growth) == (1, 499)


def test_grace_ends_in_a_fall_or_is_saved_by_growth() -> None:
    waiting, _ = advanced(member(0, 2), [], NOW, GRACE)
    assert waiting.grace_until == NOW + 30 * DAY
    fallen, turns = advanced(waiting, [], NOW + 30 * DAY, GRACE)
    assert (fallen.rank, turns[0].at) == (1, NOW + 30 * DAY)
    earned = Standing(**{**vars(waiting), "growth": 500})
    saved, turns = risen(earned, NOW + 3 * DAY, GRACE)
    assert [turn.kind for turn in turns] == [TurnKind.KEPT]
    assert (saved.period_end, saved.grace_until) == (NOW + 368 * DAY, None)


def test_who_passes_tiers_reaches_each() -> None:
    after, turns = risen(Standing(NOW, growth=2500), NOW, YEAR)
    assert [turn.rank for turn in turns] == [1, 2, 3]
    assert (after.rank, after.period_end) == (3, NOW + 365 * DAY)


leavings = st.lists(
    st.tuples(st.integers(0, 900), st.integers(0, 400)), max_size=6, unique_by=lambda pair: pair[0]
).map(lambda pairs: [Leaving(NOW + day * DAY, amount) for day, amount in sorted(pairs)])
terms_drawn = st.builds(
    Terms,
    rungs=st.just(RUNGS),
    period=st.integers(1, 400).map(lambda days: days * DAY),
    grace=st.integers(0, 60).map(lambda days: days * DAY),
    straight=st.booleans(),
)


@given(leavings, terms_drawn, st.integers(0, 3), st.lists(st.integers(0, 1000), max_size=4))
def test_many_looks_end_like_one(
    leaving: list[Leaving], terms: Terms, rank: int, stops: list[int]
) -> None:
    growth = sum(entry.amount for entry in leaving)
    start = member(growth, rank) if rank else Standing(NOW - DAY, growth)
    until = NOW + 1000 * DAY
    at_once = advanced(start, leaving, until, terms)
    turns, standing, last = [], start, start.counted_to
    for day in [*sorted(stops), 1000]:
        stop = NOW + day * DAY
        due = [entry for entry in leaving if last < entry.at <= stop]
        standing, more = advanced(standing, due, stop, terms)
        turns += more
        last = max(last, stop)
    assert (standing, turns) == at_once
    assert standing.growth == 0


@given(st.permutations([70, 130, 300, 450, 1200]))
def test_the_order_of_entries_does_not_matter(amounts: list[int]) -> None:
    standing, ranks = Standing(NOW), []
    for amount in amounts:
        grown = Standing(**{**vars(standing), "growth": standing.growth + amount})
        standing, turns = risen(grown, NOW, YEAR)
        ranks += [turn.rank for turn in turns]
    at_once, turns = risen(Standing(NOW, growth=sum(amounts)), NOW, YEAR)
    assert (standing, ranks) == (at_once, [turn.rank for turn in turns])


entries = st.lists(
    st.builds(
        OpenEntry,
        st.integers(1, 50),
        st.integers(0, 500),
        st.integers(1, 400).map(lambda d: NOW + d * DAY),
    ),
    max_size=8,
    unique_by=lambda entry: entry.entry_id,
)


@given(entries, st.integers(0, 5000))
def test_takes_what_was_asked_or_all_there_is_the_youngest_first(
    given_entries: list[OpenEntry], amount: int
) -> None:
    parts = taken_from(given_entries, amount)
    assert sum(part.amount for part in parts) == min(amount, sum(e.left for e in given_entries))
    assert all(0 < part.amount <= part.entry.left for part in parts)
    assert all(part.amount == part.entry.left for part in parts[:-1])
    until = [part.entry.counts_until for part in parts]
    assert until == sorted(until, reverse=True)


@given(entries, st.integers(0, 400))
def test_taking_back_all_equals_never_adding_at_every_moment(
    given_entries: list[OpenEntry], day: int
) -> None:
    parts = taken_from(given_entries, sum(entry.left for entry in given_entries))
    at = NOW + day * DAY
    live = sum(entry.left for entry in given_entries if entry.counts_until > at)
    assert live == sum(part.amount for part in parts if part.entry.counts_until > at)

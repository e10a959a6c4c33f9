"""Who brought her, and why not him."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.invites.rules import (
    Attribution,
    Candidate,
    Opening,
    Source,
    Verdict,
    attribute,
    skip_reason,
)

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
WEEK = dt.timedelta(days=7)
CLEO = 99


def touch(
    number: int, source: Source = Source.VISIT, *, hours: float = 1, **more: object
) -> Candidate:
    """A touch by participant `number` so many hours ago."""
    at = NOW - dt.timedelta(hours=hours)
    return Candidate(number, source, number, number, at, **more)  # type: ignore[arg-type]


def decided(*touches: Candidate, first: bool = False) -> Attribution:
    return attribute(touches, member=CLEO, now=NOW, window=WEEK, first=first)


def winner(*touches: Candidate, first: bool = False) -> int | None:
    won = decided(*touches, first=first).winner
    return won.referrer if won else None


def test_the_last_touch_wins_or_the_first() -> None:
    early, late = touch(1, hours=5), touch(2, hours=1)
    assert winner(early, late) == 2
    assert winner(early, late, first=True) == 1


@pytest.mark.parametrize(("stronger", "weaker"), [*itertools.combinations(Source, 2)])
def test_a_stronger_source_wins_whenever_it_was(stronger: Source, weaker: Source) -> None:
    assert winner(touch(1, stronger, hours=100), touch(2, weaker, hours=1)) == 1
    assert winner(touch(1, stronger, hours=1), touch(2, weaker, hours=100), first=True) == 1


def test_everybody_who_lost_is_told_why() -> None:
    own = Candidate(5, Source.CODE, 5, CLEO, NOW)
    judged = decided(
        touch(1, hours=24 * 8),
        touch(2, counted=False),
        touch(3, revoked=True),
        touch(4, Source.COOKIE),
        own,
        touch(6, hours=3),
        touch(7, hours=2),
    ).judged
    assert {j.candidate.touch: j.verdict for j in judged} == {
        1: Verdict.OUTSIDE_WINDOW,
        2: Verdict.NOT_COUNTED,
        3: Verdict.LINK_REVOKED,
        4: Verdict.WEAKER_SOURCE,
        5: Verdict.OWN_LINK,
        6: Verdict.NOT_LAST,
        7: Verdict.WON,
    }


def test_the_window_is_half_open() -> None:
    assert winner(touch(1, hours=24 * 7)) is None
    assert winner(touch(1, hours=24 * 7 - 0.001)) == 1
    assert winner(touch(1, hours=0)) == 1
    assert winner(touch(1, hours=-0.001)) is None


touches = st.lists(
    st.builds(
        lambda number, source, hours, counted, revoked: touch(
            number, source, hours=hours, counted=counted, revoked=revoked
        ),
        st.integers(1, 50),
        st.sampled_from(Source),
        st.integers(-5, 24 * 10),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
    unique_by=lambda candidate: candidate.touch,
)


@given(candidates=touches, first=st.booleans(), random=st.randoms(use_true_random=False))
def test_the_order_of_touches_never_matters(
    candidates: list[Candidate], first: bool, random: "st.DataObject"
) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decided(*shuffled, first=first) == decided(*candidates, first=first)


@given(candidates=touches, first=st.booleans())
def test_taking_a_losing_touch_away_never_changes_the_winner(
    candidates: list[Candidate], first: bool
) -> None:
    won = decided(*candidates, first=first)
    for loser in (j.candidate for j in won.judged if j.verdict is not Verdict.WON):
        rest = [c for c in candidates if c != loser]
        assert decided(*rest, first=first).winner == won.winner


@given(candidates=touches, first=st.booleans())
def test_a_touch_outside_the_window_never_wins(candidates: list[Candidate], first: bool) -> None:
    won = decided(*candidates, first=first).winner
    assert won is None or NOW - WEEK < won.touched_at <= NOW


@pytest.mark.parametrize(
    ("opening", "reason"),
    [
        (Opening("GET", "", is_bot=False), ""),
        (Opening("HEAD", "", is_bot=False), "head"),
        (Opening("GET", "prefetch;prerender", is_bot=False), "prefetch"),
        (Opening("GET", "preview", is_bot=False), "prefetch"),
        (Opening("GET", "", is_bot=True), "bot"),
    ],
)
def test_what_is_no_visit_of_a_person(opening: Opening, reason: str) -> None:
    assert skip_reason(opening) == reason

"""Who brought somebody."""

import datetime as dt
import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.invites.rules import (
    SOURCE_WORDS,
    VERDICT_WORDS,
    Attribution,
    Candidate,
    Opening,
    Source,
    Verdict,
    attribute,
    overruled,
    skip_reason,
)

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
WINDOW = dt.timedelta(days=7)
ME = 1


def touch(number: int, source: Source = Source.VISIT, *, hours_ago: float = 1) -> Candidate:
    """A touch by the member number + 100."""
    at = NOW - dt.timedelta(hours=hours_ago)
    return Candidate(number, source, number, number + 100, at)


def brought(*candidates: Candidate, first: bool = False) -> Attribution:
    return attribute(candidates, member=ME, now=NOW, window=WINDOW, first=first)


def verdicts(decided: Attribution) -> dict[int, Verdict]:
    return {judged.candidate.touch: judged.verdict for judged in decided.judged}


def test_nobody_brought_them() -> None:
    assert brought() == Attribution(None, ())


def test_the_first_or_the_last() -> None:
    early, late = touch(1, hours_ago=5), touch(2, hours_ago=1)
    assert brought(early, late, first=True).winner == early
    assert brought(early, late).winner == late
    assert verdicts(brought(early, late)) == {1: Verdict.NOT_LAST, 2: Verdict.WON}
    assert verdicts(brought(early, late, first=True))[2] is Verdict.NOT_FIRST


def test_a_stronger_source_wins_however_old() -> None:
    ladder = [touch(n, source, hours_ago=10 - n) for n, source in enumerate(Source)]
    for strongest in range(len(ladder)):
        rest = ladder[strongest:]
        decided = brought(*rest)
        assert decided.winner == rest[0]
        assert set(verdicts(decided).values()) <= {Verdict.WON, Verdict.WEAKER_SOURCE}


def test_an_operators_last_word_stands_also_where_the_first_touch_counts() -> None:
    early, late = touch(1, Source.MANUAL, hours_ago=5), touch(2, Source.MANUAL)
    assert brought(early, late, first=True).winner == late
    assert verdicts(brought(early, late, first=True))[1] is Verdict.NOT_LAST
    assert brought(replace(late, revoked=True)).winner is not None


def test_every_source_and_verdict_has_words() -> None:
    assert set(SOURCE_WORDS) == set(Source)
    assert set(VERDICT_WORDS) == set(Verdict)


@pytest.mark.parametrize(("stronger", "weaker"), [*itertools.combinations(Source, 2)])
def test_a_stronger_source_wins_first_or_last(stronger: Source, weaker: Source) -> None:
    old = (touch(1, stronger, hours_ago=100), touch(2, weaker))
    young = (touch(1, stronger), touch(2, weaker, hours_ago=100))
    for pair, first in itertools.product((old, young), (True, False)):
        assert brought(*pair, first=first).winner == pair[0]


@pytest.mark.parametrize(
    ("candidate", "verdict"),
    [
        (replace(touch(1), referrer_member=ME), Verdict.OWN_LINK),
        (replace(touch(1), counted=False), Verdict.NOT_COUNTED),
        (replace(touch(1), revoked=True), Verdict.LINK_REVOKED),
        (touch(1, hours_ago=7 * 24), Verdict.OUTSIDE_WINDOW),
        (touch(1, hours_ago=-1), Verdict.OUTSIDE_WINDOW),
    ],
)
def test_what_does_not_count(candidate: Candidate, verdict: Verdict) -> None:
    decided = brought(candidate, touch(2, Source.COOKIE, hours_ago=100))
    assert verdicts(decided)[1] is verdict
    assert decided.winner is not None
    assert decided.winner.touch == 2
    assert brought(candidate).winner is None


def test_the_window_is_half_open() -> None:
    assert brought(touch(1, hours_ago=0)).winner is not None
    assert brought(touch(1, hours_ago=7 * 24 - 0.001)).winner is not None


@pytest.mark.parametrize(
    ("opening", "reason"),
    [
        (Opening("GET", "", is_bot=False), ""),
        (Opening("HEAD", "", is_bot=False), "head"),
        (Opening("GET", ",prefetch;prerender,", is_bot=False), "prefetch"),
        (Opening("GET", "Preview", is_bot=False), "preview"),
        (Opening("GET", "", is_bot=True, is_previewer=True), "preview"),
        (Opening("GET", "", is_bot=False, visitor="somebody", device="phone"), ""),
        (Opening("GET", "", is_bot=True), "bot"),
    ],
)
def test_what_is_no_visit(opening: Opening, reason: str) -> None:
    assert skip_reason(opening) == reason


touches = st.builds(
    Candidate,
    touch=st.integers(10**6 + 1, 10**7),
    source=st.sampled_from(Source),
    referrer=st.integers(1, 5),
    referrer_member=st.integers(1, 5),
    touched_at=st.sampled_from([NOW - dt.timedelta(hours=h) for h in (-1, 0, 1, 24, 168, 200)]),
    counted=st.booleans(),
    revoked=st.booleans(),
)
candidates = st.lists(
    st.builds(replace, touches, touch=st.integers(1, 10**6)),
    max_size=7,
    unique_by=lambda candidate: candidate.touch,
)


@given(candidates, st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_touches_does_not_matter(
    some: list[Candidate], luck: object, first: bool
) -> None:
    shuffled = list(some)
    luck.shuffle(shuffled)  # type: ignore[attr-defined]
    assert brought(*some, first=first) == brought(*shuffled, first=first)


@given(candidates, st.booleans())
def test_only_what_counts_inside_the_window_wins(some: list[Candidate], first: bool) -> None:
    winner = brought(*some, first=first).winner
    if winner is not None:
        assert NOW - WINDOW < winner.touched_at <= NOW
        assert winner.counted
        assert not winner.revoked or winner.source is Source.MANUAL
        assert winner.referrer_member != ME


@given(candidates, st.integers(0, 10**6), st.sampled_from([1, -1]), st.booleans())
def test_a_touch_outside_the_window_never_wins(
    some: list[Candidate], seconds: int, side: int, first: bool
) -> None:
    edge = NOW - WINDOW if side < 0 else NOW + dt.timedelta(microseconds=1)
    outside = Candidate(0, Source.MANUAL, 9, 9, edge + side * dt.timedelta(seconds=seconds))
    decided = brought(*some, outside, first=first)
    assert decided.winner == brought(*some, first=first).winner
    assert verdicts(decided)[0] is Verdict.OUTSIDE_WINDOW


@given(candidates, touches, st.booleans())
def test_adding_a_losing_touch_changes_nothing(
    some: list[Candidate], other: Candidate, first: bool
) -> None:
    more = brought(*some, other, first=first)
    if verdicts(more)[other.touch] is Verdict.WON:
        return
    before = brought(*some, first=first)
    assert more.winner == before.winner
    assert [row for row in more.judged if row.candidate != other] == list(before.judged)


@given(candidates, st.booleans())
def test_overruled_nobody_wins_and_every_other_reason_stands(
    some: list[Candidate], first: bool
) -> None:
    before = brought(*some, first=first)
    after = overruled(before)
    assert after.winner is None
    compared = {Verdict.WON, Verdict.WEAKER_SOURCE, Verdict.NOT_FIRST, Verdict.NOT_LAST}
    for was, judged in zip(before.judged, after.judged, strict=True):
        assert judged.candidate == was.candidate
        assert judged.verdict is (Verdict.OVERRULED if was.verdict in compared else was.verdict)


@given(candidates, st.booleans())
def test_a_losing_touch_never_changes_the_winner(some: list[Candidate], first: bool) -> None:
    decided = brought(*some, first=first)
    for judged in decided.judged:
        if judged.verdict is not Verdict.WON:
            others = [candidate for candidate in some if candidate != judged.candidate]
            assert brought(*others, first=first).winner == decided.winner


@given(candidates, st.booleans())
def test_every_touch_is_judged_and_one_wins(some: list[Candidate], first: bool) -> None:
    decided = brought(*some, first=first)
    assert sorted(judged.candidate.touch for judged in decided.judged) == sorted(
        candidate.touch for candidate in some
    )
    won = [judged.candidate for judged in decided.judged if judged.verdict is Verdict.WON]
    assert won == ([decided.winner] if decided.winner else [])

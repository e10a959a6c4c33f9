"""What may happen to a room and its seats at a moment."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.groupbuy.rules import (
    ACTIVE,
    TERMINAL,
    RoomStatus,
    admits,
    free_position,
    may_pay,
    next_turn,
)

NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
BEFORE, AFTER = NOON - dt.timedelta(minutes=1), NOON + dt.timedelta(minutes=1)
LATER = NOON + dt.timedelta(minutes=9)

PENDING, OPEN, CLOSING = RoomStatus.PENDING, RoomStatus.OPEN, RoomStatus.CLOSING
COMPLETED, FAILED, CANCELLED = RoomStatus.COMPLETED, RoomStatus.FAILED, RoomStatus.CANCELLED


@pytest.mark.parametrize(
    ("status", "now", "admitted"),
    [(PENDING, BEFORE, False), (OPEN, BEFORE, True), (OPEN, NOON, False), (CLOSING, BEFORE, False)],
)
def test_who_may_come_in(status: RoomStatus, now: dt.datetime, admitted: bool) -> None:
    """The deadline is noon."""
    assert admits(status, NOON, now) is admitted


@pytest.mark.parametrize(
    ("status", "hold_expires", "now", "payable"),
    [
        (PENDING, BEFORE, NOON, True),  # an expired hold still has its seat
        (OPEN, BEFORE, BEFORE, True),
        (OPEN, AFTER, NOON, True),
        (OPEN, NOON, NOON, False),
        (CLOSING, AFTER, NOON, True),
        (CLOSING, NOON, NOON, False),
        (COMPLETED, AFTER, BEFORE, False),
        (FAILED, AFTER, NOON, False),
        (CANCELLED, AFTER, NOON, False),
    ],
)
def test_who_may_pay(
    status: RoomStatus, hold_expires: dt.datetime, now: dt.datetime, payable: bool
) -> None:
    """The deadline is noon."""
    assert may_pay(status, NOON, hold_expires, now) is payable


@pytest.mark.parametrize(
    ("status", "holds", "now", "turned"),
    [
        (PENDING, [AFTER], NOON, (PENDING, AFTER)),
        (PENDING, [], NOON, (CANCELLED, None)),
        (OPEN, [], BEFORE, (OPEN, NOON)),
        (OPEN, [AFTER], BEFORE, (OPEN, NOON)),
        (OPEN, [], NOON, (FAILED, None)),
        (OPEN, [AFTER, LATER], NOON, (CLOSING, LATER)),
        (CLOSING, [LATER], AFTER, (CLOSING, LATER)),
        (CLOSING, [], AFTER, (FAILED, None)),
        (COMPLETED, [LATER], AFTER, (COMPLETED, None)),
    ],
)
def test_what_time_does(
    status: RoomStatus,
    holds: list[dt.datetime],
    now: dt.datetime,
    turned: tuple[RoomStatus, dt.datetime | None],
) -> None:
    """The deadline is noon."""
    assert next_turn(status, NOON if status is not PENDING else None, holds, now) == turned


moments = st.integers(-100, 100).map(lambda minutes: NOON + dt.timedelta(minutes=minutes))
statuses = st.sampled_from(RoomStatus)


@given(statuses, moments, moments)
def test_nobody_pays_into_an_ended_room(
    status: RoomStatus, hold: dt.datetime, now: dt.datetime
) -> None:
    if may_pay(status, NOON, hold, now):
        assert status in ACTIVE


@given(statuses, moments, st.lists(moments, max_size=4), st.lists(moments, max_size=6))
def test_a_room_ends_once_and_looks_again_later(
    status: RoomStatus, start: dt.datetime, expiries: list[dt.datetime], later: list[dt.datetime]
) -> None:
    deadline = None if status is PENDING else NOON
    for now in sorted([start, *later]):
        living = [expiry for expiry in expiries if expiry > now]
        turned, look_at = next_turn(status, deadline, living, now)
        if status in TERMINAL:
            assert turned is status
        assert (look_at is None) == (turned in TERMINAL)
        assert look_at is None or look_at > now
        status = turned
    after_all = max([NOON, *expiries, *later, start])
    assert next_turn(status, deadline, [], after_all)[0] in TERMINAL


@given(st.sets(st.integers(0, 9)), st.integers(1, 10))
def test_the_lowest_free_place(taken: set[int], size: int) -> None:
    place = free_position(taken, size)
    if place is None:
        assert taken >= set(range(size))
    else:
        assert place < size
        assert place not in taken
        assert set(range(place)) <= taken

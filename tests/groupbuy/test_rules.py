"""What may happen to a room and its seats at a moment."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.groupbuy.rules import TERMINAL, RoomStatus, admits, free_position, may_pay, next_turn

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
S = RoomStatus


@pytest.mark.parametrize(
    ("status", "deadline", "admitted"),
    [
        (S.OPEN, NOON + SECOND, True),
        (S.OPEN, NOON, False),
        (S.PENDING, None, False),
        (S.CLOSING, NOON - SECOND, False),
        (S.COMPLETED, NOON + SECOND, False),
    ],
)
def test_who_may_take_a_new_seat(status: S, deadline: dt.datetime | None, admitted: bool) -> None:
    assert admits(status, deadline, NOON) is admitted


@pytest.mark.parametrize(
    ("status", "deadline", "hold", "may"),
    [
        (S.PENDING, None, NOON - SECOND, True),
        (S.OPEN, NOON + SECOND, NOON - SECOND, True),
        (S.OPEN, NOON, NOON + SECOND, True),
        (S.OPEN, NOON, NOON, False),
        (S.CLOSING, NOON - SECOND, NOON + SECOND, True),
        (S.CLOSING, NOON - SECOND, NOON, False),
        (S.FAILED, NOON - SECOND, NOON + SECOND, False),
        (S.COMPLETED, NOON + SECOND, NOON + SECOND, False),
    ],
)
def test_who_may_still_pay(
    status: S, deadline: dt.datetime | None, hold: dt.datetime, may: bool
) -> None:
    assert may_pay(status, deadline, hold, NOON) is may


@pytest.mark.parametrize(
    ("status", "deadline", "holds", "becomes", "look_at"),
    [
        (S.PENDING, None, [NOON + SECOND], S.PENDING, NOON + SECOND),
        (S.PENDING, None, [], S.CANCELLED, None),
        (S.OPEN, NOON + SECOND, [], S.OPEN, NOON + SECOND),
        (S.OPEN, NOON, [NOON + SECOND, NOON + 2 * SECOND], S.CLOSING, NOON + 2 * SECOND),
        (S.OPEN, NOON, [], S.FAILED, None),
        (S.CLOSING, NOON - SECOND, [], S.FAILED, None),
        (S.COMPLETED, NOON - SECOND, [], S.COMPLETED, None),
    ],
)
def test_what_time_makes_of_a_room(
    status: S,
    deadline: dt.datetime | None,
    holds: list[dt.datetime],
    becomes: S,
    look_at: dt.datetime | None,
) -> None:
    assert next_turn(status, deadline, holds, NOON) == (becomes, look_at)


@given(status=st.sampled_from(sorted(TERMINAL)), after=st.integers(-100, 100))
def test_what_ended_stays_ended(status: S, after: int) -> None:
    at = NOON + after * SECOND
    assert next_turn(status, NOON, [], at) == (status, None)
    assert not admits(status, NOON, at)
    assert not may_pay(status, NOON, NOON + SECOND, at)


def test_the_lowest_free_place() -> None:
    assert free_position([], 2) == 0
    assert free_position([0, 2], 3) == 1
    assert free_position([0, 1], 2) is None

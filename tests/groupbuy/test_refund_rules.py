"""When the shop is asked again, and for how much."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.groupbuy.refund_rules import MOST_REMINDERS, PAUSES, pause_after, still_owed


def test_the_pauses_grow_from_minutes_to_a_day() -> None:
    assert list(PAUSES) == sorted(PAUSES)
    assert PAUSES[0] < dt.timedelta(hours=1)
    assert PAUSES[-1] == dt.timedelta(days=1)
    assert pause_after(0) == PAUSES[0]
    assert pause_after(MOST_REMINDERS) == pause_after(MOST_REMINDERS + 5) == PAUSES[-1]


@pytest.mark.parametrize(
    ("order_left", "asked", "owed"),
    [
        (100, [(50, 50), (50, 50)], [50, 50]),
        (90, [(50, 40), (50, 50)], [40, 50]),  # 10 of the first line
        (40, [(50, 50), (50, 50)], [40, 0]),  # 60 of the order as a whole
        (100, [(30, 50)], [30]),  # what was never asked for is no business of ours
        (0, [(50, 0)], [0]),
        (5, [], []),
    ],
)
def test_what_is_still_owed(order_left: int, asked: list[tuple[int, int]], owed: list[int]) -> None:
    assert still_owed(order_left, asked) == owed


amounts = st.integers(0, 1000)


@given(amounts, st.lists(st.tuples(amounts, amounts)))
def test_it_never_asks_for_too_much(order_left: int, asked: list[tuple[int, int]]) -> None:
    owed = still_owed(order_left, asked)
    assert len(owed) == len(asked)
    assert all(
        0 <= amount <= min(before, left) for amount, (before, left) in zip(owed, asked, strict=True)
    )
    assert sum(owed) <= order_left


@given(amounts, st.lists(st.tuples(amounts, amounts)))
def test_asked_again_it_stays(order_left: int, asked: list[tuple[int, int]]) -> None:
    owed = still_owed(order_left, asked)
    again = [(amount, left) for amount, (_, left) in zip(owed, asked, strict=True)]
    assert still_owed(order_left, again) == owed

"""Whose turn it is. No database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.shelf.rules import free_slot


@pytest.mark.parametrize(
    ("taken", "limit", "slot"),
    [
        ([], None, 1),
        ([], 1, 1),
        ([1], 1, None),
        ([1], None, 2),
        ([2], 2, 1),
        ([1, 3], 3, 2),
        ([2, 3], 2, None),
    ],
    ids=["first", "only", "full", "no limit", "freed", "gap", "limit was lowered"],
)
def test_the_next_free_place(taken: list[int], limit: int | None, slot: int | None) -> None:
    assert free_slot(taken, limit=limit) == slot


@given(st.sets(st.integers(1, 20)), st.none() | st.integers(1, 20))
def test_a_free_place_is_free_and_within_the_limit(taken: set[int], limit: int | None) -> None:
    slot = free_slot(taken, limit=limit)
    if slot is None:
        assert limit is not None
        assert len(taken) >= limit
    else:
        assert slot not in taken
        assert slot <= len(taken) + 1

"""Which lots pay. No database."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.points.rules import OpenLot, Repayment, Taken, repay_first, take_from_lots

MAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
JUNE = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)

expiries = st.none() | st.datetimes(
    min_value=dt.datetime(2026, 1, 1), max_value=dt.datetime(2027, 1, 1), timezones=st.just(dt.UTC)
)
lot_lists = st.lists(
    st.builds(OpenLot, st.integers(1, 50), st.integers(0, 1000), expiries),
    max_size=12,
    unique_by=lambda lot: lot.lot_id,
)
amounts = st.integers(0, 20_000)


@pytest.mark.parametrize(
    ("lots", "amount", "taken"),
    [
        ([], 10, []),
        ([OpenLot(1, 30)], 0, []),
        ([OpenLot(2, 30), OpenLot(1, 30)], 40, [Taken(1, 30), Taken(2, 10)]),
        ([OpenLot(1, 30, JUNE), OpenLot(2, 30, MAY)], 30, [Taken(2, 30)]),
        ([OpenLot(1, 30), OpenLot(2, 30, JUNE)], 40, [Taken(2, 30), Taken(1, 10)]),
        ([OpenLot(1, 30), OpenLot(2, 0, MAY)], 99, [Taken(1, 30)]),
    ],
    ids=["nothing there", "nothing wanted", "oldest", "soonest", "never expires last", "all"],
)
def test_soonest_expiry_then_oldest(lots: list[OpenLot], amount: int, taken: list[Taken]) -> None:
    assert take_from_lots(lots, amount) == taken


@given(lot_lists, amounts)
def test_takes_what_was_asked_or_all_there_is(lots: list[OpenLot], amount: int) -> None:
    taken = take_from_lots(lots, amount)
    remaining = {lot.lot_id: lot.remaining for lot in lots}
    assert sum(part.amount for part in taken) == min(amount, sum(remaining.values()))
    assert all(0 < part.amount <= remaining[part.lot_id] for part in taken)
    assert len({part.lot_id for part in taken}) == len(taken)


@given(lot_lists, amounts, st.randoms())
def test_the_order_of_the_lots_does_not_matter(lots: list[OpenLot], amount: int, rng) -> None:
    shuffled = rng.sample(lots, len(lots))
    assert take_from_lots(shuffled, amount) == take_from_lots(lots, amount)


@given(lot_lists, amounts)
def test_a_lot_is_touched_only_when_all_before_it_are_empty(
    lots: list[OpenLot], amount: int
) -> None:
    whole = {lot.lot_id: lot.remaining for lot in lots}
    for part in take_from_lots(lots, amount)[:-1]:
        assert part.amount == whole[part.lot_id]


@given(lot_lists, st.integers(0, 5000), st.integers(0, 5000))
def test_twice_is_the_same_as_once(lots: list[OpenLot], first: int, second: int) -> None:
    used: dict[int, int] = {}
    left = lots
    for amount in (first, second):
        for part in take_from_lots(left, amount):
            used[part.lot_id] = used.get(part.lot_id, 0) + part.amount
        left = [
            OpenLot(lot.lot_id, lot.remaining - used.get(lot.lot_id, 0), lot.expires_at)
            for lot in lots
        ]
    at_once = take_from_lots(lots, first + second)
    assert used == {part.lot_id: part.amount for part in at_once}


@given(st.integers(1, 1000), st.integers(0, 1000))
def test_debt_is_repaid_first(amount: int, owed: int) -> None:
    parts = repay_first(amount, owed=owed)
    assert parts.repaid + parts.rest == amount
    assert parts.rest == 0 or parts.repaid == owed
    assert repay_first(amount, owed=0) == Repayment(0, amount)

"""Which lots pay. No database."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.points.rules import (
    OpenLot,
    PayTerms,
    Repayment,
    Taken,
    Usable,
    give_back,
    one_operator_may,
    points_to_return,
    repay_first,
    take_from_lots,
    usable,
    worth_minor,
)

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


@pytest.mark.parametrize(
    ("takings", "amount", "given"),
    [
        ([OpenLot(1, 30, MAY), OpenLot(2, 30, JUNE)], 40, [Taken(2, 30), Taken(1, 10)]),
        ([OpenLot(1, 30, MAY), OpenLot(2, 30)], 10, [Taken(2, 10)]),
        ([OpenLot(1, 30)], 0, []),
        ([OpenLot(1, 30)], 99, [Taken(1, 30)]),
    ],
    ids=["longest first", "what never expires", "nothing", "no more than taken"],
)
def test_what_lives_longest_is_given_back_first(
    takings: list[OpenLot], amount: int, given: list[Taken]
) -> None:
    assert give_back(takings, amount) == given


@pytest.mark.parametrize(
    ("captured", "returned", "refunded", "paid", "points"),
    [
        (100, 0, 0, 1000, 0),
        (100, 0, 333, 1000, 33),
        (100, 33, 333, 1000, 0),
        (100, 33, 1000, 1000, 67),
        (100, 0, 2000, 1000, 100),
        (100, 0, 0, 0, 100),
        (100, 100, 0, 0, 0),
        (100, 50, 100, 1000, 0),
        (0, 0, 1000, 1000, 0),
        (100, 0, -5, 1000, 0),
    ],
)
def test_a_refund_gives_back_its_share(
    captured: int, returned: int, refunded: int, paid: int, points: int
) -> None:
    found = points_to_return(
        captured=captured, returned=returned, refunded_minor=refunded, paid_minor=paid
    )
    assert found == points


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.lists(st.integers(0, 10**9), max_size=8))
def test_any_split_of_a_refund_ends_like_the_whole(
    captured: int, paid: int, parts: list[int]
) -> None:
    def refund(to: list[int]) -> int:
        returned = refunded = 0
        for part in to:
            refunded = min(refunded + part, paid)
            returned += points_to_return(
                captured=captured, returned=returned, refunded_minor=refunded, paid_minor=paid
            )
        return returned

    assert refund(parts) == refund([sum(parts)]) <= captured


@pytest.mark.parametrize(
    ("rate", "share", "available", "order", "answer"),
    [
        (100, 10_000, 500, 9900, Usable(500, 500)),
        (100, 10_000, 500, 300, Usable(300, 300)),
        (100, 5000, 500, 300, Usable(150, 150)),
        (1, 10_000, 1999, 9900, Usable(1900, 19)),
        (1, 10_000, 99, 9900, Usable(reason="too_few_points")),
        (1000, 10_000, 50, 99, Usable(9, 90)),
        (1000, 10_000, 50, 9, Usable(reason="order_too_small")),
        (150, 10_000, 10, 9900, Usable(10, 15)),
        (100, 1, 500, 9900, Usable(reason="order_too_small")),
        (100, 0, 500, 9900, Usable(reason="points_pay_nothing")),
        (0, 10_000, 500, 9900, Usable(reason="points_pay_nothing")),
        (100, 10_000, 0, 9900, Usable(reason="no_points")),
        (100, 10_000, 500, 0, Usable(reason="order_too_small")),
    ],
)
def test_how_many_points_pay_how_much(
    rate: int, share: int, available: int, order: int, answer: Usable
) -> None:
    assert usable(PayTerms(rate, share), available=available, order_minor=order) == answer


@given(st.integers(0, 10**6), st.integers(0, 10_000), amounts, st.integers(0, 10**9))
def test_points_pay_no_more_than_there_is_and_may(
    rate: int, share: int, available: int, order: int
) -> None:
    found = usable(PayTerms(rate, share), available=available, order_minor=order)
    assert 0 <= found.points <= available
    assert found.worth_minor == worth_minor(found.points, worth_of_100_minor=rate)
    assert found.worth_minor * 10_000 <= order * share
    assert bool(found.points) is bool(found.worth_minor) is not bool(found.reason)
    if found.points:  # and with one point less they would pay less
        assert worth_minor(found.points - 1, worth_of_100_minor=rate) < found.worth_minor


@pytest.mark.parametrize(
    ("amount", "used", "alone"),
    [(100, 0, True), (-100, 0, True), (101, 0, False), (1, 100, False), (-60, 50, False)],
)
def test_small_adjustments_add_up(amount: int, used: int, alone: bool) -> None:
    assert one_operator_may(amount, used=used, limit=100) is alone

"""How a refund spreads over an order and its lines."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orders.rules import RefundAsk, RefundSpread, RefundTooLarge, spread_refund

LINES = {"tea": 60, "cup": 30}


def spread(ask: RefundAsk, left: int = 100, *, capped: bool = False) -> RefundSpread:
    """What `ask` takes of an order of 100, 60 for tea and 30 for a cup."""
    return spread_refund(ask, order_left=left, lines_left=LINES, capped=capped)


@pytest.mark.parametrize(
    ("ask", "taken"),
    [
        (RefundAsk(), RefundSpread(100, LINES)),
        (RefundAsk(amount_minor=40), RefundSpread(40, {})),
        (RefundAsk(amount_minor=100), RefundSpread(100, LINES)),
        (RefundAsk(lines=(("tea", 20),)), RefundSpread(20, {"tea": 20})),
        (RefundAsk(lines=(("tea", 20), ("tea", None))), RefundSpread(60, {"tea": 60})),
        (RefundAsk(lines=(("tea", None), ("cup", None))), RefundSpread(90, LINES)),
    ],
)
def test_what_a_refund_takes(ask: RefundAsk, taken: RefundSpread) -> None:
    assert spread(ask) == taken


@pytest.mark.parametrize(
    ("ask", "left", "line"),
    [
        (RefundAsk(amount_minor=101), 100, ""),
        (RefundAsk(lines=(("tea", 61),)), 60, "tea"),
        (RefundAsk(lines=(("tea", 60), ("tea", 1))), 0, "tea"),
    ],
)
def test_more_than_is_left(ask: RefundAsk, left: int, line: str) -> None:
    with pytest.raises(RefundTooLarge) as error:
        spread(ask)
    assert (error.value.left_minor, error.value.line) == (left, line)
    assert spread(ask, capped=True).order_minor <= 100


def test_an_emptied_order_has_empty_lines() -> None:
    assert spread(RefundAsk(lines=(("tea", None),)), left=50) == RefundSpread(50, LINES)
    both = RefundAsk(lines=(("tea", None), ("cup", None)))
    assert spread(both, left=70) == RefundSpread(70, LINES)


def test_an_unknown_line() -> None:
    with pytest.raises(KeyError):
        spread(RefundAsk(lines=(("milk", None),)))


@dataclass
class Left:
    order: int
    lines: dict[str, int]

    def take(self, ask: RefundAsk, *, capped: bool = True) -> None:
        spread = spread_refund(ask, order_left=self.order, lines_left=self.lines, capped=capped)
        self.order -= spread.order_minor
        for line, amount in spread.lines.items():
            self.lines[line] -= amount


names = st.sampled_from(["a", "b", "c"])
orders = st.builds(
    lambda lines, more: Left(sum(lines.values()) + more, lines),
    st.fixed_dictionaries({name: st.integers(0, 100) for name in "abc"}),
    st.integers(0, 50),
)
asks = st.lists(
    st.builds(RefundAsk, amount_minor=st.integers(0, 200))
    | st.builds(
        RefundAsk,
        lines=st.lists(st.tuples(names, st.none() | st.integers(1, 120)), min_size=1).map(tuple),
    )
    | st.just(RefundAsk()),
    max_size=6,
)


@given(orders, asks, st.booleans())
def test_never_more_than_was_paid(left: Left, parts: list[RefundAsk], capped: bool) -> None:
    for ask in parts:
        before = (left.order, dict(left.lines))
        try:
            left.take(ask, capped=capped)
        except RefundTooLarge:
            assert (left.order, left.lines) == before
        assert left.order >= 0
        assert all(amount >= 0 for amount in left.lines.values())
        if left.order == 0:
            assert not any(left.lines.values())


@given(orders, asks)
def test_any_split_ends_like_the_whole(left: Left, parts: list[RefundAsk]) -> None:
    for ask in parts:
        left.take(ask)
    left.take(RefundAsk(), capped=False)
    assert (left.order, set(left.lines.values())) == (0, {0})


@given(orders, st.lists(st.integers(0, 60), max_size=5))
def test_amounts_add_up(left: Left, amounts: list[int]) -> None:
    once = Left(left.order, dict(left.lines))
    total = min(sum(amounts), left.order)
    once.take(RefundAsk(amount_minor=total))
    for amount in amounts:
        left.take(RefundAsk(amount_minor=amount))
    assert left == once


@given(orders, asks)
def test_all_that_is_left_of_lines_is_never_too_much(left: Left, parts: list[RefundAsk]) -> None:
    for ask in parts:
        left.take(ask)
    every_line = tuple((name, None) for name in "abc")
    left.take(RefundAsk(lines=every_line), capped=False)
    assert left.order == 0 or not any(left.lines.values())

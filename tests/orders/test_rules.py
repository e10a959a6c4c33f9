"""How a refund spreads over an order and its lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orders.rules import RefundAsk, RefundTooLarge, spread_refund

LINES = {"tea": 4900, "cup": 2000}
PAID = 7400  # 500 of it for shipping


def test_all_that_is_left_takes_everything() -> None:
    spread = spread_refund(RefundAsk(), order_left=PAID, lines_left=LINES)
    assert (spread.order_minor, spread.lines) == (PAID, LINES)


def test_a_line_without_an_amount_is_taken_whole() -> None:
    spread = spread_refund(RefundAsk(lines=(("tea", None),)), order_left=PAID, lines_left=LINES)
    assert (spread.order_minor, spread.lines) == (4900, {"tea": 4900})


def test_an_amount_of_the_order_leaves_the_lines_alone_until_nothing_is_left() -> None:
    part = spread_refund(RefundAsk(7399), order_left=PAID, lines_left=LINES)
    assert (part.order_minor, part.lines) == (7399, {})
    rest = spread_refund(RefundAsk(1), order_left=1, lines_left=LINES)
    assert (rest.order_minor, rest.lines) == (1, LINES)


@pytest.mark.parametrize(
    ("ask", "line", "left"),
    [
        (RefundAsk(PAID + 1), "", PAID),
        (RefundAsk(lines=(("tea", 4901),)), "tea", 4900),
        (RefundAsk(lines=(("tea", 4000), ("tea", 901))), "tea", 900),
    ],
)
def test_more_than_is_left_is_refused(ask: RefundAsk, line: str, left: int) -> None:
    with pytest.raises(RefundTooLarge) as refused:
        spread_refund(ask, order_left=PAID, lines_left=LINES)
    assert (refused.value.line, refused.value.left_minor) == (line, left)


def test_one_that_came_before_its_order_takes_what_there_is() -> None:
    spread = spread_refund(RefundAsk(99_999), order_left=PAID, lines_left=LINES, capped=True)
    assert (spread.order_minor, spread.lines) == (PAID, LINES)


def test_an_unknown_line() -> None:
    with pytest.raises(KeyError):
        spread_refund(RefundAsk(lines=(("hat", 1),)), order_left=PAID, lines_left=LINES)


@given(cuts=st.lists(st.integers(1, PAID), max_size=6))
def test_any_split_of_a_refund_ends_like_the_whole(cuts: list[int]) -> None:
    order_left, lines_left = PAID, dict(LINES)
    for amount in [*cuts, None]:
        ask = RefundAsk(amount if amount is None else min(amount, order_left) or None)
        spread = spread_refund(ask, order_left=order_left, lines_left=lines_left)
        order_left -= spread.order_minor
        lines_left = {name: left - spread.lines.get(name, 0) for name, left in lines_left.items()}
    assert (order_left, lines_left) == (0, {"tea": 0, "cup": 0})


@given(
    amount=st.one_of(st.none(), st.integers(1, 10**6)),
    line=st.one_of(st.none(), st.integers(1, 10**6)),
    order_left=st.integers(0, PAID),
)
def test_nothing_is_ever_taken_that_was_not_there(
    amount: int | None, line: int | None, order_left: int
) -> None:
    for ask in (RefundAsk(amount), RefundAsk(lines=(("tea", line),))):
        spread = spread_refund(ask, order_left=order_left, lines_left=LINES, capped=True)
        assert 0 <= spread.order_minor <= order_left
        assert all(0 <= taken <= LINES[name] for name, taken in spread.lines.items())

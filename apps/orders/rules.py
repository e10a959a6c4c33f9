"""How a refund spreads over an order and its lines. Pure; integers in minor units."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class RefundAsk:
    """What the shop says it paid back: lines (None: all that is left of the line), or an amount of
    the order as a whole, or, with neither, everything that is left."""

    amount_minor: int | None = None
    lines: tuple[tuple[str, int | None], ...] = ()


@dataclass(frozen=True)
class RefundSpread:
    """What a refund takes from the order and from each of its lines."""

    order_minor: int
    lines: Mapping[str, int]


class RefundTooLarge(ValueError):
    """More than is left; `line` names the line, empty for the order."""

    def __init__(self, left_minor: int, line: str = "") -> None:
        super().__init__(f"only {left_minor} is left")
        self.left_minor = left_minor
        self.line = line


def spread_refund(
    ask: RefundAsk, *, order_left: int, lines_left: Mapping[str, int], capped: bool = False
) -> RefundSpread:
    """What `ask` takes when the order has `order_left` and its lines have `lines_left`.

    An amount of the whole order is not spread over lines; but once nothing is left of the order,
    nothing is left of any line. Raises RefundTooLarge, unless `capped` (a refund that arrived before
    its order takes at most what there is), and KeyError for an unknown line.
    """
    taken: dict[str, int] = {}
    if ask.lines:
        total = 0
        for line, amount in ask.lines:
            left = lines_left[line] - taken.get(line, 0)
            wanted = min(left, max(order_left - total, 0)) if amount is None else amount
            if wanted > left and not capped:
                raise RefundTooLarge(left, line)
            taken[line] = taken.get(line, 0) + min(wanted, left)
            total += min(wanted, left)
    else:
        total = order_left if ask.amount_minor is None else ask.amount_minor
    if total > order_left:
        if not capped:
            raise RefundTooLarge(order_left)
        total = order_left
    if total == order_left:
        taken = dict(lines_left)
    return RefundSpread(total, {line: amount for line, amount in taken.items() if amount})

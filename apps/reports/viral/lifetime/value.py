"""Customer lifetime value: purchases foretold × amount per purchase × margin, discounted.

Fader, Hardie & Lee 2005, J. Marketing Research 42:415. Assumes what both models do, and that margin
is a fixed share of the amount.
"""

from dataclasses import dataclass

import numpy as np

from apps.reports.viral.figures import Absent, Figure, Floats, Reason, absent
from apps.reports.viral.lifetime.purchases import Buying, Histories
from apps.reports.viral.lifetime.spend import GammaGamma, Spending


@dataclass(frozen=True)
class Horizon:
    """So many `periods` of `length` (in the histories' unit of time) ahead, each later one worth
    less by `discount`; `margin` is the share of an amount that is earned."""

    periods: int = 12
    length: float = 30.0
    discount: float = 0.0
    margin: float = 1.0


def lifetime_values(
    of: Histories, spending: Spending, buying: Buying, spend: GammaGamma, horizon: Horizon
) -> Floats:
    """What each member is still worth within the horizon; `of` has one member per row, in the order
    of `spending`. Raises ValueError where they do not belong together."""
    if len(of.repeats) != len(spending.mean):
        raise ValueError("spending: one row per history is needed")
    amount = spend.expected(spending) * horizon.margin
    before = np.zeros(len(of.repeats))
    worth = np.zeros(len(of.repeats))
    for period in range(1, horizon.periods + 1):
        bought = buying.expected(of, period * horizon.length)
        worth += (bought - before) / (1 + horizon.discount) ** period
        before = bought
    return np.asarray(worth * amount)


@dataclass(frozen=True)
class BacktestRow:
    """Members with so many `repeats` before the cut ("7" and more together): purchases after it per
    member, as they were and as the model foretold from before."""

    repeats: int
    members: int
    actual: Figure
    foretold: Figure


@dataclass(frozen=True)
class Backtest:
    """How well the model, fitted before a cut, foretold what came after: totals and by group."""

    actual: int
    foretold: Figure
    error: Figure  # foretold ÷ actual − 1
    rows: tuple[BacktestRow, ...]


def backtest(of: Histories, later: Floats, buying: Buying | Absent, ahead: float) -> Backtest:
    """Compare `later`, each member's purchases within `ahead` after the cut, with the forecast from
    `of`, their histories before it. Without a model: its reason."""
    actual = int(later.sum())
    if isinstance(buying, Absent):
        nothing = absent(buying.reason, buying.why)
        return Backtest(actual, nothing, nothing, ())
    bought = buying.expected(of, ahead)
    total = float(bought.sum())
    if actual:
        error = Figure(total / actual - 1)
    else:
        error = absent(Reason.NOT_APPLICABLE, "nobody bought after the cut")
    group = np.minimum(of.repeats, 7).astype(np.int64)
    rows = []
    for repeats in np.unique(group):
        mine = group == repeats
        means = Figure(float(later[mine].mean())), Figure(float(bought[mine].mean()))
        rows.append(BacktestRow(int(repeats), int(mine.sum()), *means))
    return Backtest(actual, Figure(total), error, tuple(rows))

"""What members are still worth, how well that was foretold before, and segments: from histories.

Purchases are days on which somebody bought. Who had bought before the engine knew them is in the
segments, and not in the models: their first purchase is not known.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from apps.reports.programme.shapes import Backtest, SegmentRow, Tested, Worth
from apps.reports.viral import rfm
from apps.reports.viral.figures import Absent, Bools, Figure, Floats, Reason, absent, ratio
from apps.reports.viral.lifetime.purchases import Buying, Histories, bg_nbd, mbg_nbd
from apps.reports.viral.lifetime.spend import GammaGamma, Spending, gamma_gamma, independence
from apps.reports.viral.lifetime.value import Horizon, backtest, lifetime_values
from apps.reports.viral.retention import share

HORIZON = Horizon(periods=12, length=30.0, discount=0.008)
LONGEST_TEST_DAYS = 91
SHORTEST_TEST_DAYS = 28


@dataclass(frozen=True, eq=False)
class Buyers:
    """A row per member: `repeats` after the first purchase day, days from it to the `last` one and
    to today (`age`), what a repeat was worth on average, the same before the cut (-1 repeats: the
    first purchase came after it) and the money of what came `later`, `brought` by somebody, bought
    `before` the engine, and totals."""

    repeats: Floats
    last: Floats
    age: Floats
    mean: Floats
    repeats_then: Floats
    last_then: Floats
    mean_then: Floats
    later: Floats
    brought: Bools
    before: Bools
    kept: Floats

    @classmethod
    def of(cls, rows: Sequence[Sequence[Any]]) -> Self:
        """From rows in the order of the fields."""
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 11).T
        repeats, last, age, mean, *then, brought, before, kept = table
        repeats_then, last_then, mean_then, later = then
        return cls(
            repeats,
            last,
            age,
            mean,
            repeats_then,
            last_then,
            mean_then,
            later,
            brought.astype(np.bool_),
            before.astype(np.bool_),
            kept,
        )

    def only(self, kept: Bools) -> "Buyers":
        """Those of them."""
        return Buyers(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))


def days_to_test(span_days: int) -> int:
    """How many days at the end are kept to test with: a third, of at most a quarter of a year; 0
    while that would be less than four weeks."""
    days = min(span_days // 3, LONGEST_TEST_DAYS)
    return days if days >= SHORTEST_TEST_DAYS else 0


def worth(of: Buyers, *, members: int, today: dt.date, tested_days: int) -> Worth:
    """What these are still worth; `members` is how many there are, where these are a sample."""
    known = of.only(~of.before)
    histories = Histories.of(known.repeats, known.last, known.age)
    spending = _spending(known.repeats, known.mean)
    buying, spend = bg_nbd(histories), gamma_gamma(spending)
    values = _values(histories, spending, buying, spend)
    each = _mean(values, np.ones(len(known.brought), np.bool_))
    depends = independence(spending)
    return Worth(
        members=members,
        fitted=len(known.repeats),
        days=int(HORIZON.periods * HORIZON.length),
        discount=HORIZON.discount,
        parameters=_parameters(buying, spend),
        active=_active(histories),
        each_minor=each,
        brought_minor=_mean(values, known.brought),
        others_minor=_mean(values, ~known.brought),
        all_minor=each if each.value is None else Figure(each.value * members),
        dependence=depends.verdict,
        dependence_holds=depends.holds,
        backtest=_backtest(known, today, tested_days),
    )


def _spending(repeats: Floats, mean: Floats) -> Spending:
    """What was spent, or earned of it: who was a loss on average counts as worth nothing."""
    return Spending.of(repeats, np.maximum(mean, 0.0))


def _values(
    histories: Histories, spending: Spending, buying: Buying | Absent, spend: GammaGamma | Absent
) -> Floats | Absent:
    if isinstance(buying, Absent):
        return buying
    if isinstance(spend, Absent):
        return spend
    return lifetime_values(histories, spending, buying, spend, HORIZON)


def _mean(values: Floats | Absent, of: Bools) -> Figure:
    if isinstance(values, Absent):
        return absent(values.reason, values.why)
    if not of.any():
        return absent(Reason.NOT_APPLICABLE, "there is nobody of this kind")
    return Figure(float(values[of].mean()))


def _active(histories: Histories) -> Figure:
    """The mean chance to be still buying, by the model that lets one-time buyers leave."""
    leaving = mbg_nbd(histories)
    if isinstance(leaving, Absent):
        return absent(leaving.reason, leaving.why)
    return Figure(float(leaving.active(histories).mean()))


def _parameters(buying: Buying | Absent, spend: GammaGamma | Absent) -> dict[str, float]:
    found: dict[str, float] = {}
    if isinstance(buying, Buying):
        found |= {"r": buying.r, "alpha": buying.alpha, "a": buying.a, "b": buying.b}
    if isinstance(spend, GammaGamma):
        found |= {"p": spend.p, "q": spend.q, "v": spend.v}
    return found


def _backtest(of: Buyers, today: dt.date, days: int) -> Backtest:
    """Fit what was known `days` ago, and hold it against what came."""
    if not days:
        why = f"orders of {3 * SHORTEST_TEST_DAYS} days are needed, to test with the last third"
        early = absent(Reason.TOO_EARLY, why)
        return Backtest(None, 0, 0, 0, early, early, 0, early, early, ())
    then = of.only(of.repeats_then >= 0)
    histories = Histories.of(then.repeats_then, then.last_then, then.age - days)
    later = then.repeats - then.repeats_then
    buying = bg_nbd(histories)
    found = backtest(histories, later, buying, float(days))
    rows = (Tested(row.repeats, row.members, row.actual, row.foretold) for row in found.rows)
    actual = round(float(then.later.sum()))
    foretold = _foretold_money(then, histories, buying, days)
    return Backtest(
        cut=today - dt.timedelta(days=days),
        days=days,
        members=len(then.repeats),
        actual=found.actual,
        foretold=found.foretold,
        error=found.error,
        actual_minor=actual,
        foretold_minor=foretold,
        error_minor=_off(foretold, actual),
        rows=tuple(rows),
    )


def _foretold_money(then: Buyers, of: Histories, buying: Buying | Absent, days: int) -> Figure:
    """What these were to bring within `days`, by both models as they stood before; not discounted."""
    spending = _spending(then.repeats_then, then.mean_then)
    spend = gamma_gamma(spending)
    for missing in (buying, spend):
        if isinstance(missing, Absent):
            return absent(missing.reason, missing.why)
    ahead = Horizon(periods=1, length=float(days))
    values = lifetime_values(of, spending, buying, spend, ahead)  # type: ignore[arg-type]
    return Figure(float(values.sum()))


def _off(foretold: Figure, actual: int) -> Figure:
    """foretold ÷ actual − 1, where there is something to be off from."""
    if foretold.value is None:
        return foretold
    if actual <= 0:
        return absent(Reason.NOT_APPLICABLE, "nothing was earned after the cut")
    return Figure(foretold.value / actual - 1)


def segments(of: Buyers) -> tuple[SegmentRow, ...]:
    """The segments of these, all seven, and what they are like. Nobody gives none."""
    if not len(of.repeats):
        return ()
    since, orders = of.age - of.last, of.repeats + 1
    names = np.array([str(name) for name in rfm.scores(since, orders, of.kept).segments])
    rows = []
    for name in rfm.Segment:
        mine = names == str(name)
        number = int(mine.sum())
        why = "nobody is in this segment"
        rows.append(
            SegmentRow(
                segment=str(name),
                members=number,
                share=share(number, len(names)),
                days_since=ratio(float(since[mine].sum()), number, why),
                orders_each=ratio(float(orders[mine].sum()), number, why),
                kept_each_minor=ratio(float(of.kept[mine].sum()), number, why),
            )
        )
    return tuple(rows)

"""When an operator is told that something changed. Pure; the thresholds are documented in
docs/alerts.md and stand here alone.

Each rule takes what was counted and answers with the figures to tell, or None. Rules look often and
at many things, so they ask for a large difference and for one that chance hardly makes.
"""

import enum
from dataclasses import dataclass
from typing import Any

import scipy

from apps.reports.viral.figures import Figure


class Alert(enum.StrEnum):
    """The kinds, as the events are called that tell them."""

    K_FELL = "alert.k_fell"
    K_ROSE = "alert.k_rose"
    BUDGET_BURN = "alert.budget_burn"
    SUDDEN_SOURCE = "alert.sudden_source"
    REFUNDS_HIGH = "alert.refunds_high"


# K of the last days against K of those before.
K_RECENT_DAYS = 3
K_BEFORE_DAYS = 7
K_ENOUGH_REFEREES = 20

# A budget that is used up within two days, of which the last day took five percent at least.
BURN_HOURS = 48
BURN_SHARE = 0.05

# A source of a quarter of all who joined in a day, three times its share of the week before.
SOURCE_ENOUGH = 20
SOURCE_SHARE = 0.25
SOURCE_TIMES = 3
SOURCE_CHANCE = 0.001

# Refunded orders of a week: twice the norm of the four weeks before.
REFUNDS_ENOUGH = 10
REFUNDS_TIMES = 2
REFUNDS_CHANCE = 0.001
NORM_ENOUGH = 100

Figures = dict[str, Any]


@dataclass(frozen=True)
class Pace:
    """K of the last days and of those before, and how many were brought in the latter."""

    recent: Figure
    before: Figure
    referees_before: int


def k_changed(pace: Pace) -> tuple[Alert, Figures] | None:
    """Whether K left its interval: the intervals of the two times do not meet.

    Two 95 % intervals of the same K miss each other in fewer than one of a hundred looks.
    """
    recent, before = pace.recent, pace.before
    if recent.value is None or before.value is None:
        return None
    if None in (recent.low, recent.high, before.low, before.high):
        return None
    if pace.referees_before < K_ENOUGH_REFEREES:
        return None
    told = {"k": _shown(recent), "before": _shown(before), "days": K_RECENT_DAYS}
    if recent.high < before.low:  # type: ignore[operator]
        return Alert.K_FELL, told
    if recent.low > before.high:  # type: ignore[operator]
        return Alert.K_ROSE, told
    return None


def _shown(figure: Figure) -> Figures:
    return {
        end: round(getattr(figure, end), 4)
        for end in ("value", "low", "high")
        if getattr(figure, end) is not None
    }


@dataclass(frozen=True)
class Burn:
    """A budget in minor units; `hours_to_go` until the campaign ends, None where it has no end."""

    amount: int
    left: int
    last_day: int
    hours_to_go: float | None


def burns(burn: Burn) -> Figures | None:
    """Whether, at the pace of the last day, the budget is used up within 48 hours and before the
    campaign ends. A budget of which nothing is left has been told of by itself."""
    if burn.left <= 0 or burn.last_day <= 0 or burn.last_day < burn.amount * BURN_SHARE:
        return None
    hours = burn.left / burn.last_day * 24
    if hours > BURN_HOURS or (burn.hours_to_go is not None and hours >= burn.hours_to_go):
        return None
    return {
        "left_minor": burn.left,
        "last_day_minor": burn.last_day,
        "hours_left": round(hours, 1),
    }


@dataclass(frozen=True)
class Source:
    """A link or a channel: how many it brought in the last day and in the week before."""

    name: str
    recent: int
    before: int


@dataclass(frozen=True)
class Sources:
    """All who joined in the last day and in the week before; `tried` is how many sources brought
    anybody in the last day, so many chances there were for an accident."""

    joined: int
    joined_before: int
    tried: int
    largest: tuple[Source, ...]


def sudden(sources: Sources) -> tuple[Source, Figures] | None:
    """The source whose share leapt most, if one did: 20 people at least and a quarter of all, three
    times its earlier share, and so many that chance makes it once in a thousand looks.

    Binomial tail under the earlier share (one more each way, as nobody's share is quite 0 or 1),
    times the sources that were tried (Bonferroni).
    """
    found = []
    for source in sources.largest:
        if source.recent < SOURCE_ENOUGH or not sources.joined:
            continue
        share = source.recent / sources.joined
        usual = (source.before + 1) / (sources.joined_before + 2)
        if share < SOURCE_SHARE or share < usual * SOURCE_TIMES:
            continue
        chance = float(scipy.stats.binom.sf(source.recent - 1, sources.joined, usual))
        if chance * max(sources.tried, 1) < SOURCE_CHANCE:
            found.append((share / usual, source, share, usual))
    if not found:
        return None
    _, source, share, usual = max(found, key=lambda row: row[0])
    told = {
        "people": source.recent,
        "of": sources.joined,
        "share": round(share, 4),
        "share_before": round(usual, 4),
    }
    return source, told


@dataclass(frozen=True)
class Refunds:
    """Orders of a time, and how many of its orders or older ones were refunded in it."""

    orders: int
    refunded: int


def refunds_high(week: Refunds, norm: Refunds) -> Figures | None:
    """Whether more of the week's orders were refunded than the norm says: ten at least, twice as
    many as expected, and so many that chance makes it once in a thousand looks (Poisson).

    Without a hundred orders in the norm there is none.
    """
    if norm.orders < NORM_ENOUGH or week.refunded < REFUNDS_ENOUGH:
        return None
    usual = (norm.refunded + 1) / (norm.orders + 1)
    expected = week.orders * usual
    if week.refunded < expected * REFUNDS_TIMES:
        return None
    if float(scipy.stats.poisson.sf(week.refunded - 1, expected)) >= REFUNDS_CHANCE:
        return None
    return {
        "refunded": week.refunded,
        "orders": week.orders,
        "expected": round(expected, 1),
        "share_usual": round(usual, 4),
    }

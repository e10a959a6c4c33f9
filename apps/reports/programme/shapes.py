"""What the programme report consists of."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from apps.reports.viral.figures import Figure

# What money is of here: what was paid and not refunded, or the margin of it.
REVENUE, MARGIN = "revenue", "margin"

# Of what share of the revenue the margin must be known for the report to speak of margin.
ENOUGH_KNOWN = 0.9

# Told in what is kept: an engine shows no report that it does not know the shape of.
SHAPE = 2


class Source(StrEnum):
    """What brought a member while they had not bought yet. Links say their own kind."""

    MEMBER = "member"
    OFFER = "offer"
    PARTNER = "partner"
    ASSISTANT = "assistant"
    STORE = "store"
    LIVE = "live"
    COMMUNITY = "community"
    CAMPAIGN = "campaign"
    SHOP = "shop"
    HISTORY = "history"
    UNDECIDED = "undecided"


SOURCE_WORDS: Mapping[Source, str] = {
    Source.MEMBER: "a friend",
    Source.OFFER: "an offer's link",
    Source.PARTNER: "a partner",
    Source.ASSISTANT: "a shop assistant",
    Source.STORE: "a store",
    Source.LIVE: "a live stream",
    Source.COMMUNITY: "a community",
    Source.CAMPAIGN: "a campaign, by themselves",
    Source.SHOP: "the shop itself",
    Source.HISTORY: "before the engine",
    Source.UNDECIDED: "not decided yet",
}

# Somebody's link brought them. What is undecided may yet be; it counts in no share's part.
REFERRED = frozenset(
    {
        *(Source.MEMBER, Source.OFFER, Source.PARTNER, Source.ASSISTANT),
        *(Source.STORE, Source.LIVE, Source.COMMUNITY),
    }
)


@dataclass(frozen=True)
class NewMembers:
    """Members who first appeared in a month, by source, and the share who were brought."""

    month: dt.date
    members: int
    by_source: dict[str, int]
    referred: Figure


@dataclass(frozen=True)
class Cohort:
    """Members by the month of their first order that was kept.

    `cells`: the share who bought again in each span after their first order. `kept_minor` is revenue,
    `margin_minor` the margin of the share of it, `margin_known`, whose margin is known: without any
    there is none. Each of the members was worth `per_member_minor` of the report's measure, and
    `first_spans_minor` in the first three spans, once all have had them.
    """

    month: dt.date
    members: int
    orders: int
    kept_minor: int
    margin_minor: int | None
    margin_known: Figure
    per_member_minor: Figure
    first_spans_minor: Figure
    cells: tuple[Figure, ...]


@dataclass(frozen=True)
class Tested:
    """Members with so many repeats before the cut: orders after it each, as they were and foretold."""

    repeats: int
    members: int
    actual: Figure
    foretold: Figure


@dataclass(frozen=True)
class Backtest:
    """How well the models foretold the days after a cut from those before it: purchases, and the
    money of them."""

    cut: dt.date | None
    days: int
    members: int
    actual: int
    foretold: Figure
    error: Figure
    actual_minor: int
    foretold_minor: Figure
    error_minor: Figure
    rows: tuple[Tested, ...]


@dataclass(frozen=True)
class Worth:
    """What members are still worth within `days`: the mean, of those brought and of others, all.

    `fitted` members were looked at of `members`; `active` is the share who still buy at all;
    `dependence` says whether the model's assumption holds.
    """

    members: int
    fitted: int
    days: int
    discount: float
    parameters: dict[str, float]
    active: Figure
    each_minor: Figure
    brought_minor: Figure
    others_minor: Figure
    all_minor: Figure
    dependence: str
    dependence_holds: bool
    backtest: Backtest


@dataclass(frozen=True)
class SegmentRow:
    """A segment by recency, frequency and money: its members, and what they are like."""

    segment: str
    members: int
    share: Figure
    days_since: Figure
    orders_each: Figure
    kept_each_minor: Figure


@dataclass(frozen=True)
class ChainStep:
    """A step of acquisition, activation, retention, referral, revenue: how many of those acquired."""

    step: str
    meaning: str
    members: int
    share: Figure


@dataclass(frozen=True)
class Chain:
    """Members who first appeared on these days, each watched for so many days from then."""

    first: dt.date | None
    last: dt.date | None
    watched_days: int
    steps: tuple[ChainStep, ...]
    each_minor: Figure


@dataclass(frozen=True)
class ProgrammeReport:
    """All of it, as of a moment. Money is of orders in `currency`; `measure` says what it is of, and
    `margin_known` of what share of the revenue the margin is known."""

    as_of: dt.datetime
    time_zone: str
    currency: str
    measure: str
    margin_known: Figure
    orders: int
    other_currencies: int
    span_days: int
    members: tuple[NewMembers, ...]
    referred: Figure
    cohorts: tuple[Cohort, ...]
    cohorts_brought: tuple[Cohort, ...]
    bought_before: int
    worth: Worth
    segments: tuple[SegmentRow, ...]
    chain: Chain
    shape: int = SHAPE

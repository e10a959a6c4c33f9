"""Months of the shop, and the tables that go by them."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.reports.programme.shapes import (
    ENOUGH_KNOWN,
    MARGIN,
    REFERRED,
    REVENUE,
    Cohort,
    NewMembers,
)
from apps.reports.viral.figures import Figure, Reason, absent, ratio
from apps.reports.viral.retention import cell, share

MONTHS = 12
SPAN_DAYS = 30
SPANS = 12
FIRST_SPANS = 3


def months_until(now: dt.datetime, time_zone: str) -> tuple[dt.date, ...]:
    """The first days of the twelve months up to the present one, in order."""
    month = now.astimezone(zoneinfo.ZoneInfo(time_zone)).date().replace(day=1)
    months = [month]
    while len(months) < MONTHS:
        months.append((months[-1] - dt.timedelta(days=1)).replace(day=1))
    return tuple(reversed(months))


def midnight(day: dt.date, time_zone: str) -> dt.datetime:
    """The moment a day begins there."""
    return dt.datetime.combine(day, dt.time(), zoneinfo.ZoneInfo(time_zone))


def month_ends(month: dt.date, time_zone: str) -> dt.datetime:
    """The moment the next one begins."""
    return midnight((month + dt.timedelta(days=32)).replace(day=1), time_zone)


def new_members(
    months: Sequence[dt.date], counts: Mapping[tuple[dt.date, str], int]
) -> tuple[NewMembers, ...]:
    """The months with their members by source, from counts by (month, source)."""
    rows = []
    for month in months:
        mine = {source: many for (at, source), many in counts.items() if at == month}
        rows.append(NewMembers(month, sum(mine.values()), mine, referred_share(mine)))
    return tuple(rows)


def by_source(counts: Mapping[tuple[dt.date, str], int]) -> dict[str, int]:
    """The counts of all months together."""
    whole: dict[str, int] = {}
    for (_, source), many in counts.items():
        whole[source] = whole.get(source, 0) + many
    return whole


def referred_share(members: Mapping[str, int]) -> Figure:
    """Of these members by source, the share somebody's link brought."""
    brought = sum(many for source, many in members.items() if source in REFERRED)
    return share(brought, sum(members.values()))


@dataclass(frozen=True)
class Bought:
    """Of a cohort in one span: who bought again, orders (the first too), the revenue that was kept,
    its margin, and the revenue whose margin is known."""

    again: int = 0
    orders: int = 0
    kept_minor: int = 0
    margin_minor: int = 0
    known_minor: int = 0

    def worth(self, measure: str) -> int:
        """Its money, of this kind."""
        return self.margin_minor if measure == MARGIN else self.kept_minor


def cohorts(
    months: Sequence[dt.date],
    sizes: Mapping[dt.date, int],
    bought: Mapping[tuple[dt.date, int], Bought],
    *,
    now: dt.datetime,
    time_zone: str,
    measure: str = REVENUE,
) -> tuple[Cohort, ...]:
    """The cohorts of these months, from sizes by month and purchases by (month, span). What each was
    worth is of this `measure`."""
    rows = []
    for month in months:
        lived = (now - month_ends(month, time_zone)) / dt.timedelta(days=1)
        spans = {span: row for (at, span), row in bought.items() if at == month}
        rows.append(_cohort(month, sizes.get(month, 0), spans, lived, measure))
    return tuple(rows)


def _cohort(
    month: dt.date, members: int, spans: Mapping[int, Bought], lived: float, measure: str
) -> Cohort:
    """`lived`: how many days its youngest member has had at least."""
    nobody = "nobody bought first in this month"
    kept, known = (
        sum(getattr(row, name) for row in spans.values()) for name in ("kept_minor", "known_minor")
    )
    cells = tuple(
        cell(spans.get(span, Bought()).again, members, over=lived >= (span + 1) * SPAN_DAYS)
        for span in range(SPANS)
    )
    early = sum(row.worth(measure) for span, row in spans.items() if span < FIRST_SPANS)
    first = (
        ratio(early, members, nobody)
        if lived >= FIRST_SPANS * SPAN_DAYS
        else absent(Reason.TOO_EARLY, f"not everybody has had {FIRST_SPANS * SPAN_DAYS} days yet")
    )
    return Cohort(
        month=month,
        members=members,
        orders=sum(row.orders for row in spans.values()),
        kept_minor=kept,
        margin_minor=sum(row.margin_minor for row in spans.values()) if known else None,
        margin_known=known_share(known, kept),
        per_member_minor=ratio(sum(row.worth(measure) for row in spans.values()), members, nobody),
        first_spans_minor=first,
        cells=cells,
    )


def known_share(known_minor: float, revenue_minor: int) -> Figure:
    """Of what share of the revenue the margin is known."""
    return ratio(known_minor, revenue_minor, "nothing was paid")


def measured(known: Figure) -> str:
    """What money is of where the margin of this share of the revenue is known."""
    return MARGIN if (known.value or 0.0) >= ENOUGH_KNOWN else REVENUE

"""Reading the rollups. Nothing here looks at a participant, a visit or a link."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.reports.models import SOURCES
from apps.reports.rules import Generation

MINUTES_A_DAY = 24 * 60

# Slots that are as old as the window, by their middle, are one: without a slot, aged as the window.
# Of the others the age of the middle, in minutes, and the width so far.
_AGED = """
SELECT {keys}, coalesce(past - least({width}, past) / 2, %(window)s::int),
       coalesce(least({width}, past), 0), {sums}
FROM (
    SELECT {keys}, {sums}, (extract(epoch FROM %(now)s::timestamptz - slot) / 60)::int AS past
    FROM (
        SELECT {keys}, {summed}, slot
        FROM (
            SELECT {columns}, CASE WHEN {slot} > %({mature})s::timestamptz THEN {slot} END AS slot
            FROM {table} t {kept}
            WHERE t.campaign_id = ANY(%(campaigns)s::bigint[]) AND {slot} <= %(now)s::timestamptz
              AND (%(variant)s::text IS NULL OR t.variant = %(variant)s::text)
        ) t GROUP BY {keys}, slot
    ) t
) t
"""
_DAYS = {"width": "1440", "mature": "mature_days"}
_HOURS = {"width": "60", "mature": "mature_hours"}
_KEPT = """
    JOIN reports_rolled r ON r.campaign_id = t.campaign_id
     AND t.grain = '{grain}' AND t.slot {side} r.hours_since"""


def _aged(keys: str, sums: Sequence[str], **how: str) -> str:
    """The rows of a table by `keys` and age."""
    return _AGED.format(
        keys=keys,
        sums=", ".join(sums),
        columns=", ".join(f"t.{name}" for name in (*keys.split(", "), *sums)),
        summed=", ".join(f"sum({name})::bigint AS {name}" for name in sums),
        **how,
    )


def _grained(table: str, keys: str, count: str) -> str:
    """The same by days, and by hours since those are kept."""
    how = {"table": table, "slot": "t.slot"}
    days = _KEPT.format(grain="day", side="<")
    hours = _KEPT.format(grain="hour", side=">=")
    return " UNION ALL ".join(
        (
            _aged(keys, [count], **how, **_DAYS, kept=days),
            _aged(keys, [count], **how, **_HOURS, kept=hours),
        )
    )


_CELLS = _grained("reports_cell", "generation, referees", "people")
_PAIRS = _grained("reports_pair", "delay", "pairs")
_ROOTS = _aged(
    "generation, bucket",
    ["people", "referees"],
    table="reports_root",
    slot="t.day",
    kept="",
    **_DAYS,
)
_SLOTS = """
SELECT extract(epoch FROM t.slot)::bigint, t.grain = 'hour', t.generation = 0, t.referees,
       sum(t.people)::bigint
FROM reports_cell t JOIN reports_rolled r ON r.campaign_id = t.campaign_id
 AND (t.grain = 'day' AND t.slot < r.hours_since OR t.grain = 'hour' AND t.slot >= r.hours_since)
WHERE t.campaign_id = %(campaign)s AND t.slot <= %(now)s GROUP BY 1, 2, 3, 4 ORDER BY 1, 3, 4
"""
_GENERATIONS = """
SELECT generation, sum(confirmed)::bigint, sum(brought)::bigint
FROM reports_arrival WHERE campaign_id = %s GROUP BY 1 HAVING sum(confirmed) > 0 ORDER BY 1
"""
_PEOPLE = """
SELECT coalesce(sum(people), 0)::bigint, coalesce(sum(confirmed), 0)::bigint,
       coalesce(sum(people) FILTER (WHERE generation > 0), 0)::bigint,
       coalesce(sum(confirmed) FILTER (WHERE generation > 0), 0)::bigint,
       coalesce(sum(orders), 0)::bigint,
       coalesce(sum(orders) FILTER (WHERE generation > 0), 0)::bigint
FROM reports_arrival WHERE campaign_id = %s
"""
_REACHED = """
SELECT coalesce(sum(links), 0)::bigint, coalesce(sum(intents), 0)::bigint,
       coalesce(sum(visits), 0)::bigint, coalesce(sum(skipped), 0)::bigint,
       coalesce(sum(linkers), 0)::bigint, coalesce(sum(sharers), 0)::bigint,
       coalesce(sum(opened), 0)::bigint
FROM reports_reach WHERE campaign_id = %s
"""
_SALES = """
SELECT variant = ANY(%s::text[]), source, sum(revenue), sum(margin), sum(discount)
FROM reports_sale WHERE campaign_id = %s GROUP BY 1, 2
"""
_CONFIRMED = """
SELECT slot, sum(people)::bigint FROM reports_cell
WHERE campaign_id = %s AND grain = 'day' AND NOT variant = ANY(%s::text[]) GROUP BY 1 ORDER BY 1
"""
_EARNINGS = """
SELECT age, sum(margin) FROM reports_earning
WHERE campaign_id = %s AND NOT variant = ANY(%s::text[]) AND day <= %s GROUP BY 1
"""
_REWARDS = """
SELECT moment, day, kind, status, grants, kept, cost, clawed_back, voided
FROM reports_reward WHERE campaign_id = %s
"""
# How many ids of each source nobody has counted yet. Of those, some may never come.
_BEHIND = """
SELECT s.name, coalesce(pg_sequence_last_value(pg_get_serial_sequence(s.tab, 'id')), 0)
       - coalesce(j.settled_id, 0) AS ids
FROM unnest(%s::text[], %s::text[]) AS s (name, tab)
LEFT JOIN reports_journal j ON j.source = s.name
"""


@dataclass(frozen=True)
class Cells:
    """Confirmed participants alike in generation, age in minutes and referees.

    The age is the middle of a slot `span` minutes wide; whoever is as old as the window has just its
    age, and no span.
    """

    generation: list[int]
    referees: list[int]
    age: list[int]
    span: list[int]
    people: list[int]


@dataclass(frozen=True)
class Roots:
    """Confirmed participants alike in generation, bucket of their root and age, with all their
    referees."""

    generation: list[int]
    bucket: list[int]
    age: list[int]
    span: list[int]
    people: list[int]
    referees: list[int]


@dataclass(frozen=True)
class Pairs:
    """Referrers with a referee alike in delay and in the referrer's age, in minutes.

    The delay is the least of its step.
    """

    delay: list[int]
    age: list[int]
    span: list[int]
    pairs: list[int]


@dataclass(frozen=True)
class Joined:
    """All participants, those confirmed, those brought by somebody, and orders not refunded."""

    people: int
    confirmed: int
    brought: int
    brought_confirmed: int
    orders: int
    orders_of_brought: int


@dataclass(frozen=True)
class Reached:
    """Links, share intents, counted and other visits; and how many participants had a link, told an
    intent, or saw their link opened."""

    links: int
    intents: int
    visits: int
    skipped: int
    linkers: int
    sharers: int
    opened: int


@dataclass(frozen=True)
class Rewarded:
    """Grants alike in the `day` of a `moment` ("granted" or "settled"), kind and status: how many, what
    is kept of their amounts, what they cost, and what was taken back once settled or before."""

    moment: str
    day: dt.datetime
    kind: str
    status: str
    grants: int
    kept: int
    cost: int
    clawed_back: int
    voided: int


def cells(campaign: Campaign, window: int, now: dt.datetime, variant: str | None = None) -> Cells:
    """The offspring histogram by age as of `now`: by hours for 72 at least, before that by days."""
    return Cells(*_columns(5, _CELLS, _given([campaign.pk], window, now, variant)))


def roots(campaign: Campaign, window: int, now: dt.datetime, variant: str | None = None) -> Roots:
    """The same by the bucket of the root, by days throughout."""
    return Roots(*_columns(6, _ROOTS, _given([campaign.pk], window, now, variant)))


def pairs(
    campaigns: Sequence[int], window: int, now: dt.datetime, variant: str | None = None
) -> Pairs:
    """The delays of campaigns with this window, by the referrer's age."""
    return Pairs(*_columns(4, _PAIRS, _given(campaigns, window, now, variant)))


def slots(campaign: Campaign, now: dt.datetime) -> list[tuple[dt.datetime, bool, bool, int, int]]:
    """Confirmed participants by slot, the earliest first: (its start, whether it is an hour and no
    day, whether they are seeds, referees within the window, people)."""
    starts, *others = _columns(5, _SLOTS, {"campaign": campaign.pk, "now": now})
    moments = {start: dt.datetime.fromtimestamp(start, dt.UTC) for start in set(starts)}
    return list(zip(map(moments.__getitem__, starts), *others, strict=True))


def generations(campaign: Campaign) -> tuple[Generation, ...]:
    """Confirmed participants of each generation, and all confirmed referees of theirs."""
    rows = statements.run(_GENERATIONS, [campaign.pk])
    return tuple(Generation(*row) for row in rows)


def joined(campaign: Campaign) -> Joined:
    """Who joined, over all days."""
    return Joined(*statements.run(_PEOPLE, [campaign.pk])[0])


def reached(campaign: Campaign) -> Reached:
    """What the campaign's links reached, over all days."""
    return Reached(*statements.run(_REACHED, [campaign.pk])[0])


def sales(campaign: Campaign, holdouts: Sequence[str]) -> list[tuple[bool, str, Any, Any, Any]]:
    """What was sold: (whether to holdouts, source of the margin, revenue, margin, discounts)."""
    return statements.run(_SALES, [list(holdouts), campaign.pk])


def confirmed_by_day(campaign: Campaign, without: Sequence[str]) -> list[tuple[dt.datetime, int]]:
    """Confirmed participants, but of these variants, by day, the earliest first."""
    return statements.run(_CONFIRMED, [campaign.pk, list(without)])


def earnings(
    campaign: Campaign, without: Sequence[str], until: dt.datetime
) -> list[tuple[int, Any]]:
    """What those confirmed up to a day earned, less group discounts, by their age in days."""
    return statements.run(_EARNINGS, [campaign.pk, list(without), until])


def rewards(campaign: Campaign) -> tuple[Rewarded, ...]:
    """The campaign's grants, by the day they were made and by the day they were settled."""
    return tuple(Rewarded(*row) for row in statements.run(_REWARDS, [campaign.pk]))


def sources_behind() -> dict[str, int]:
    """The sources of which not all is counted, and how many ids that are at the most."""
    rows = statements.run(_BEHIND, [list(SOURCES), list(SOURCES.values())])
    return {name: ids for name, ids in rows if ids > 0}


def _given(
    campaigns: Sequence[int], window: int, now: dt.datetime, variant: str | None
) -> dict[str, Any]:
    old = now - dt.timedelta(minutes=window)
    return {
        "campaigns": list(campaigns),
        "window": window,
        "now": now,
        "mature_days": old - dt.timedelta(hours=12),
        "mature_hours": old - dt.timedelta(minutes=30),
        "variant": variant,
    }


def _columns(number: int, statement: str, given: dict[str, Any]) -> list[list[int]]:
    """The columns of the statement's whole numbers; empty ones where there is no row."""
    # As arrays, each read in one go: a page has thousands of rows.
    names = [f"c{place}" for place in range(number)]
    arrays = ", ".join(f"coalesce(array_agg({name}), '{{}}')" for name in names)
    [columns] = statements.run(
        f"SELECT {arrays} FROM ({statement}) AS t ({', '.join(names)})", given
    )
    return list(columns)

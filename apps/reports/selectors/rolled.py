"""Reading the rollups. Nothing here looks at a participant, a visit or a link."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.reports.models import SOURCES
from apps.reports.viral.figures import Ints

MINUTES_A_DAY = 24 * 60

# Slots that are as old as the window, by their middle, are one: without a slot, aged as the window.
# Of the others the age of the middle, in minutes, and the width so far. (`extract` would reckon in
# decimals, which takes longer than all the rest.)
_AGED = """
SELECT {keys}, coalesce(past - least({width}, past) / 2, %(window)s::int) AS age,
       coalesce(least({width}, past), 0) AS span, {sums}
FROM (
    SELECT {keys}, {sums},
           floor(date_part('epoch', %(now)s::timestamptz - slot) / 60 + 0.5)::int AS past
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
SELECT date_part('epoch', t.slot)::bigint AS start,
       CASE t.grain WHEN 'hour' THEN 60 ELSE 1440 END AS width,
       t.generation, t.referees, sum(t.people) AS people
FROM reports_cell t JOIN reports_rolled r ON r.campaign_id = t.campaign_id
 AND (t.grain = 'day' AND t.slot < r.hours_since OR t.grain = 'hour' AND t.slot >= r.hours_since)
WHERE t.campaign_id = %(campaign)s AND t.slot <= %(now)s::timestamptz
  AND (%(variant)s::text IS NULL OR t.variant = %(variant)s::text)
GROUP BY t.slot, t.grain, t.generation, t.referees
"""
_ARRIVED = """
SELECT generation, sum(people)::bigint, sum(confirmed)::bigint, sum(brought)::bigint,
       sum(orders)::bigint
FROM reports_arrival WHERE campaign_id = %s GROUP BY 1 ORDER BY 1
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
# The older half: those confirmed until the end of the day on which the median of all was.
_OLDER = """
WITH days AS MATERIALIZED (
    SELECT slot, sum(people) AS people FROM reports_cell
    WHERE campaign_id = %(campaign)s AND grain = 'day' AND NOT variant = ANY(%(without)s::text[])
    GROUP BY 1
), half AS (
    SELECT slot, so_far::bigint AS people FROM (
        SELECT slot, sum(people) OVER (ORDER BY slot) AS so_far, sum(people) OVER () AS everybody
        FROM days
    ) d WHERE 2 * so_far >= everybody ORDER BY slot LIMIT 1
)
SELECT half.slot, half.people, e.age, sum(e.margin)
FROM half LEFT JOIN reports_earning e ON e.campaign_id = %(campaign)s AND e.day <= half.slot
 AND NOT e.variant = ANY(%(without)s::text[])
GROUP BY 1, 2, 3
"""
_REWARDS = """
SELECT moment, day, kind, status, grants, kept, cost, clawed_back, voided
FROM reports_reward WHERE campaign_id = %s
"""
# How many ids of each source nobody has counted yet. Of those, some may never come.
_BEHIND = """
SELECT s.name, coalesce(pg_sequence_last_value(pg_get_serial_sequence(s.tab, 'id')), 0)
       - coalesce(j.settled_id, 0) AS ids
FROM unnest(%(names)s::text[], %(tables)s::text[]) AS s (name, tab)
LEFT JOIN reports_journal j ON j.source = s.name
"""
# All of them together.
ROWS_BEHIND = f"SELECT coalesce(sum(greatest(ids, 0)), 0)::bigint FROM ({_BEHIND}) AS b"


@dataclass(frozen=True, eq=False)
class Slots:
    """Confirmed participants alike in the slot they were confirmed in, generation, and how many
    referees came to them within the attribution window.

    A slot begins at a `start` in seconds since 1970 and is `width` minutes wide: an hour for the last
    72 at least, before that a day.
    """

    start: Ints
    width: Ints
    generation: Ints
    referees: Ints
    people: Ints


@dataclass(frozen=True, eq=False)
class Cells:
    """Confirmed participants alike in generation, age in minutes and referees.

    The age is the middle of a slot `span` minutes wide; whoever is as old as the window has just its
    age, and no span.
    """

    generation: Ints
    referees: Ints
    age: Ints
    span: Ints
    people: Ints


@dataclass(frozen=True, eq=False)
class Roots:
    """Confirmed participants alike in generation, bucket of their root and age, with all their
    referees."""

    generation: Ints
    bucket: Ints
    age: Ints
    span: Ints
    people: Ints
    referees: Ints


@dataclass(frozen=True, eq=False)
class Pairs:
    """Referrers with a referee alike in delay and in the referrer's age, in minutes.

    The delay is the least of its step.
    """

    delay: Ints
    age: Ints
    pairs: Ints


@dataclass(frozen=True)
class Arrived:
    """The participants of a generation: all, those confirmed, whom these brought, and orders that are
    not refunded."""

    generation: int
    people: int
    confirmed: int
    brought: int
    orders: int


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


Rows = TypeVar("Rows", Slots, Roots, Pairs)


def slots(campaign: Campaign, now: dt.datetime, variant: str | None = None) -> Slots:
    """The offspring histogram by slot as of `now`, of all variants or of one."""
    given = {"campaign": campaign.pk, "now": now, "variant": variant}
    return _read(Slots, _SLOTS, given)


def cells(found: Slots, window: int, now: dt.datetime) -> Cells:
    """The same by age as of `now`. Of one age is whoever is as old as the window, by the middle of
    their slot."""
    seconds = now.timestamp()
    is_mature = seconds - found.start >= 60 * window + 30 * found.width
    past = np.floor((seconds - found.start) / 60 + 0.5).astype(np.int64)
    span = np.minimum(found.width, past)
    young = ~is_mature
    most = int(found.referees.max(initial=0)) + 1
    # Chains may be deep and stars large: only what there is has a place.
    alike, row = np.unique(
        found.generation[is_mature] * most + found.referees[is_mature], return_inverse=True
    )
    people = np.bincount(row, weights=found.people[is_mature]).astype(np.int64)
    return Cells(
        np.concatenate([alike // most, found.generation[young]]),
        np.concatenate([alike % most, found.referees[young]]),
        np.concatenate([np.full(len(alike), window), (past - span // 2)[young]]),
        np.concatenate([np.zeros(len(alike), np.int64), span[young]]),
        np.concatenate([people, found.people[young]]),
    )


def roots(campaign: Campaign, window: int, now: dt.datetime, variant: str | None = None) -> Roots:
    """The same by the bucket of the root, by days throughout."""
    return _read(Roots, _ROOTS, _given([campaign.pk], window, now, variant))


def pairs(
    campaigns: Sequence[int], window: int, now: dt.datetime, variant: str | None = None
) -> Pairs:
    """The delays of campaigns with this window, by the referrer's age."""
    return _read(Pairs, _PAIRS, _given(campaigns, window, now, variant))


def arrived(campaign: Campaign) -> tuple[Arrived, ...]:
    """Who joined, over all days, by generation."""
    return tuple(Arrived(*row) for row in statements.run(_ARRIVED, [campaign.pk]))


def reached(campaign: Campaign) -> Reached:
    """What the campaign's links reached, over all days."""
    return Reached(*statements.run(_REACHED, [campaign.pk])[0])


def sales(campaign: Campaign, holdouts: Sequence[str]) -> list[tuple[bool, str, Any, Any, Any]]:
    """What was sold: (whether to holdouts, source of the margin, revenue, margin, discounts)."""
    return statements.run(_SALES, [list(holdouts), campaign.pk])


def older_half(
    campaign: Campaign, without: Sequence[str]
) -> list[tuple[dt.datetime, int, int | None, Any]]:
    """The older half of the confirmed participants, but of these variants, in whole days: (its last
    day, how many they are, an age in days, what they earned at it less group discounts). No row where
    there is nobody; the age is None where they earned nothing."""
    return statements.run(_OLDER, {"campaign": campaign.pk, "without": list(without)})


def rewards(campaign: Campaign) -> tuple[Rewarded, ...]:
    """The campaign's grants, by the day they were made and by the day they were settled."""
    return tuple(Rewarded(*row) for row in statements.run(_REWARDS, [campaign.pk]))


def sources_behind() -> dict[str, int]:
    """The sources of which not all is counted, and how many ids that are at the most."""
    given = {"names": list(SOURCES), "tables": list(SOURCES.values())}
    rows = statements.run(_BEHIND, given)
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


def _read(rows: type[Rows], statement: str, given: dict[str, Any]) -> Rows:
    """The statement's columns of whole numbers that are called as these rows' are."""
    # As arrays, each read in one go: a page has thousands of rows.
    names = [field.name for field in fields(rows)]
    arrays = ", ".join(f"coalesce(array_agg({name}), '{{}}')" for name in names)
    [columns] = statements.run(f"SELECT {arrays} FROM ({statement}) AS t", given)
    return rows(*(np.array(column, dtype=np.int64) for column in columns))

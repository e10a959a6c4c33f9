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

# Days before hours are kept, then hours. `grained` is the whole of both; `age` is that of the middle
# of a slot in minutes, `span` its width: of whatever is as old as the window, the window and none.
_GRAINED = """
SELECT t.*, CASE WHEN age < %(window)s THEN age ELSE %(window)s END AS seen,
       CASE WHEN age < %(window)s THEN span ELSE 0 END AS wide
FROM (
    SELECT t.*, extract(epoch FROM ends - slot)::int / 60 AS span,
           (extract(epoch FROM %(now)s - slot - (ends - slot) / 2)::bigint / 60)::int AS age
    FROM (
        SELECT t.*, least(t.slot + {width}, %(now)s) AS ends
        FROM {table} t JOIN reports_rolled r ON r.campaign_id = t.campaign_id
        WHERE t.campaign_id = ANY(%(campaigns)s::bigint[]) AND t.slot <= %(now)s AND {kept}
          AND (%(variant)s::text IS NULL OR t.variant = %(variant)s::text)
    ) t
) t
"""
_BOTH = {
    "width": "CASE t.grain WHEN 'hour' THEN interval '1 hour' ELSE interval '1 day' END",
    "kept": """(t.grain = 'hour' AND t.slot >= r.hours_since
               OR t.grain = 'day' AND t.slot < r.hours_since)""",
}

_CELLS = f"""
SELECT generation, seen, wide, referees, sum(people)::bigint
FROM ({_GRAINED.format(table="reports_cell", **_BOTH)}) t GROUP BY 1, 2, 3, 4
"""
_PAIRS = f"""
SELECT delay, seen, sum(pairs)::bigint
FROM ({_GRAINED.format(table="reports_pair", **_BOTH)}) t GROUP BY 1, 2
"""
_DAYS = _GRAINED.format(
    table="(SELECT *, day AS slot FROM reports_root)", width="interval '1 day'", kept="TRUE"
)
_ROOTS = f"""
SELECT generation, bucket, seen, wide, sum(people)::bigint, sum(referees)::bigint
FROM ({_DAYS}) t GROUP BY 1, 2, 3, 4
"""
_GENERATIONS = """
SELECT generation, sum(people)::bigint, sum(referees + late)::bigint
FROM reports_root WHERE campaign_id = %s GROUP BY 1 ORDER BY 1
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
    age: list[int]
    span: list[int]
    referees: list[int]
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
    return Pairs(*_columns(3, _PAIRS, _given(campaigns, window, now, variant)))


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


def sources_behind() -> dict[str, int]:
    """The sources of which not all is counted, and how many ids that are at the most."""
    rows = statements.run(_BEHIND, [list(SOURCES), list(SOURCES.values())])
    return {name: ids for name, ids in rows if ids > 0}


def _given(
    campaigns: Sequence[int], window: int, now: dt.datetime, variant: str | None
) -> dict[str, Any]:
    return {"campaigns": list(campaigns), "window": window, "now": now, "variant": variant}


def _columns(number: int, statement: str, given: dict[str, Any]) -> list[list[int]]:
    """The rows' columns; as many empty ones where there is no row."""
    rows = statements.run(statement, given)
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(number)]

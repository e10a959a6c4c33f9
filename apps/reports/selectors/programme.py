"""What the programme report is made of: counts, grouped by the database, of live members.

First `gather` lays down a row per order (`programme_orders`) and a row per member (who brought them,
when they first bought) in tables that last as long as the transaction; everything else groups by
them. What comes back is bounded by months, sources and spans, and by `MOST_FITTED` members for the
models.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection

from apps.reports.programme.chain import Counted, activated_within
from apps.reports.programme.months import SPAN_DAYS, Bought, midnight
from apps.reports.programme.shapes import REFERRED, REVENUE
from apps.reports.programme.worth import Buyers
from apps.reports.selectors.programme_orders import orders_gather

# Models are fitted to so many members at most, drawn by a hash of their id: the same every night.
MOST_FITTED = 100_000

# What an order was worth, by what money is of in this report.
_EARNED = "CASE %(measure)s WHEN 'margin' THEN o.margin ELSE o.revenue END"

# Who somebody was when they first took part, by what was noted then; else by their first order.
_MEMBERS = """
CREATE TEMPORARY TABLE programme_member ON COMMIT DROP AS
WITH bought AS (
    SELECT member_id, min(occurred_at) AS first_at FROM programme_order GROUP BY member_id
), place AS (
    SELECT DISTINCT ON (p.member_id)
           p.member_id, p.joined_at, p.status, p.referrer_id, link.kind,
           (p.circumstances ->> 'is_new')::boolean AS is_new
    FROM invites_participant p
    JOIN campaigns_campaign c ON c.id = p.campaign_id AND NOT c.is_test
    LEFT JOIN invites_link link ON link.id = p.link_id
    WHERE p.joined_at < %(now)s
    ORDER BY p.member_id, p.joined_at, p.id
)
SELECT m.id AS member_id, bought.first_at,
       least(m.created_at, m.first_order_at, bought.first_at) AS came_at,
       coalesce(m.first_order_at < coalesce(bought.first_at, m.created_at), false) AS bought_before,
       CASE
           WHEN place.member_id IS NULL
             OR NOT coalesce(place.is_new, bought.first_at IS NULL OR place.joined_at <= bought.first_at)
           THEN CASE WHEN m.first_order_at < m.created_at THEN 'history' ELSE 'shop' END
           WHEN place.referrer_id IS NULL THEN 'campaign'
           WHEN place.status = 'provisional' THEN 'undecided'
           ELSE coalesce(place.kind, 'member')
       END AS source
FROM members_member m
LEFT JOIN bought ON bought.member_id = m.id
LEFT JOIN place ON place.member_id = m.id
WHERE NOT m.is_test AND m.created_at < %(now)s
"""

_NEW_MEMBERS = """
SELECT date_trunc('month', came_at AT TIME ZONE %(zone)s)::date, source, count(*)
FROM programme_member WHERE came_at >= %(since)s GROUP BY 1, 2
"""

_COHORT_SIZES = """
SELECT date_trunc('month', first_at AT TIME ZONE %(zone)s)::date, count(*)
FROM programme_member
WHERE first_at >= %(since)s AND NOT bought_before AND (NOT %(only_brought)s OR source = ANY(%(referred)s))
GROUP BY 1
"""

_COHORTS = """
SELECT date_trunc('month', m.first_at AT TIME ZONE %(zone)s)::date,
       floor(extract(epoch FROM o.occurred_at - m.first_at) / 86400 / %(span)s)::int,
       count(DISTINCT o.member_id) FILTER (
           WHERE (o.occurred_at AT TIME ZONE %(zone)s)::date > (m.first_at AT TIME ZONE %(zone)s)::date),
       count(*),
       coalesce(sum(o.revenue) FILTER (WHERE o.currency = %(currency)s), 0),
       round(coalesce(sum(o.margin) FILTER (WHERE o.currency = %(currency)s), 0)),
       round(coalesce(sum(o.known) FILTER (WHERE o.currency = %(currency)s), 0))
FROM programme_order o JOIN programme_member m ON m.member_id = o.member_id
WHERE m.first_at >= %(since)s AND NOT m.bought_before
  AND (NOT %(only_brought)s OR m.source = ANY(%(referred)s))
GROUP BY 1, 2
"""

_BUYERS = """
SELECT count(*), count(*) FILTER (WHERE bought_before)
FROM programme_member WHERE first_at IS NOT NULL
"""

_HISTORIES = f"""
WITH days AS (
    SELECT o.member_id, (o.occurred_at AT TIME ZONE %(zone)s)::date AS day,
           sum({_EARNED}) AS kept
    FROM programme_order o JOIN programme_member m ON m.member_id = o.member_id
    WHERE o.currency = %(currency)s
      AND mod(hashint8(m.member_id)::bigint + 2147483648, %(buckets)s) = 0
    GROUP BY 1, 2
), history AS (
    SELECT member_id, count(*) - 1 AS repeats, min(day) AS first, max(day) AS last, sum(kept) AS kept,
           (array_agg(kept ORDER BY day))[1] AS first_kept,
           count(*) FILTER (WHERE day <= %(cut)s) - 1 AS repeats_then,
           max(day) FILTER (WHERE day <= %(cut)s) AS last_then,
           coalesce(sum(kept) FILTER (WHERE day <= %(cut)s), 0) AS kept_then
    FROM days GROUP BY member_id
)
SELECT repeats, last - first, %(today)s - first,
       CASE WHEN repeats > 0 THEN ((kept - first_kept) / repeats)::float8 ELSE 0 END,
       repeats_then, coalesce(last_then - first, 0),
       CASE WHEN repeats_then > 0 THEN ((kept_then - first_kept) / repeats_then)::float8 ELSE 0 END,
       (kept - kept_then)::float8,
       (source = ANY(%(referred)s))::int, bought_before::int, kept::float8
FROM history JOIN programme_member USING (member_id)
"""

_CHAIN = f"""
WITH seen AS (
    SELECT member_id, came_at, came_at + %(watch)s * interval '1 day' AS until
    FROM programme_member WHERE came_at >= %(since)s AND came_at < %(until)s
      AND source <> 'history'
), bought AS (
    SELECT o.member_id, min(o.occurred_at) AS first_at,
           count(DISTINCT (o.occurred_at AT TIME ZONE %(zone)s)::date) AS days,
           coalesce(sum({_EARNED})
                        FILTER (WHERE o.currency = %(currency)s), 0) AS kept
    FROM programme_order o JOIN seen ON seen.member_id = o.member_id
    WHERE o.occurred_at < seen.until GROUP BY 1
), joined AS (
    SELECT p.member_id, min(p.confirmed_at) AS first_at
    FROM invites_participant p JOIN seen ON seen.member_id = p.member_id
    WHERE p.status = 'confirmed' GROUP BY 1
), brought AS (
    SELECT DISTINCT seen.member_id
    FROM seen JOIN invites_participant p ON p.member_id = seen.member_id
    JOIN invites_participant c ON c.referrer_id = p.id
    WHERE c.status = 'confirmed' AND c.confirmed_at < seen.until
)
SELECT count(*),
       count(*) FILTER (WHERE least(bought.first_at, joined.first_at)
                              < seen.came_at + %(soon)s * interval '1 day'),
       count(*) FILTER (WHERE bought.days > 1), count(brought.member_id), count(bought.member_id),
       coalesce(sum(bought.kept), 0)
FROM seen LEFT JOIN bought USING (member_id) LEFT JOIN joined USING (member_id)
     LEFT JOIN brought USING (member_id)
"""


@dataclass(frozen=True)
class Frame:
    """As of when, whose days, and which money: what every count is asked under."""

    now: dt.datetime
    zone: str
    currency: str
    measure: str = REVENUE


def gather(now: dt.datetime) -> None:
    """Lay down the orders, and a row per live member who was there before `now`, until the
    transaction ends.

    A member counts as brought if their first part in any campaign was while they had not bought.
    """
    orders_gather(now)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS programme_member")
        cursor.execute(_MEMBERS, {"now": now})
        cursor.execute("ANALYZE programme_member")


def new_member_counts(frame: Frame, since: dt.datetime) -> dict[tuple[dt.date, str], int]:
    """Members by (month, source)."""
    rows = _rows(_NEW_MEMBERS, asdict(frame) | {"since": since})
    return {(month, source): int(many) for month, source, many in rows}


def cohort_counts(
    frame: Frame, since: dt.datetime, *, only_brought: bool
) -> tuple[dict[dt.date, int], dict[tuple[dt.date, int], Bought]]:
    """Cohorts of first buyers: sizes by month, and purchases by (month, span)."""
    which = {"since": since, "span": SPAN_DAYS, "only_brought": only_brought}
    asked = asdict(frame) | which | {"referred": _REFERRED}
    sizes = {month: int(many) for month, many in _rows(_COHORT_SIZES, asked)}
    bought = {
        (month, int(span)): Bought(*map(int, counted))
        for month, span, *counted in _rows(_COHORTS, asked)
    }
    return sizes, bought


def buyers_count() -> tuple[int, int]:
    """How many have bought, and how many of them had before the engine knew them."""
    many, before = _rows(_BUYERS, {})[0]
    return int(many), int(before)


def histories(frame: Frame, *, today: dt.date, cut: dt.date, buyers: int) -> Buyers:
    """The histories of those who buy in this currency, or of a fair sample of them."""
    buckets = max(-(-buyers // MOST_FITTED), 1)
    which = {"today": today, "cut": cut, "buckets": buckets, "referred": _REFERRED}
    return Buyers.of(_rows(_HISTORIES, asdict(frame) | which))


def chain_counts(frame: Frame, first: dt.date, last: dt.date, watch: int) -> Counted:
    """How far those who first appeared on these days came within `watch` days each."""
    which = {
        "since": midnight(first, frame.zone),
        "until": midnight(last + dt.timedelta(days=1), frame.zone),
        "watch": watch,
        "soon": activated_within(watch),
    }
    return Counted(*(int(value) for value in _rows(_CHAIN, asdict(frame) | which)[0]))


_REFERRED = sorted(str(source) for source in REFERRED)


def _rows(statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall()

"""What the orders of a campaign earned: the margin of what was kept of each line.

One query each; the lines of the campaign's own orders are all that is read.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.campaigns.models import Campaign, Version

# Margins in the words a report names them by.
TOLD, BY_TAG, BY_DEFAULT, UNKNOWN = "line", "tag", "default", "unknown"

# `margins` has a row per line of an order that counts in the campaign, and one for what was paid
# beyond the lines: revenue, margin and group discount of what refunds left of it. What a refund of an
# amount took is spread over all that is left. A margin is before the group discount.
MARGINS = """
counted AS MATERIALIZED (
  SELECT co.participant_id, o.id, o.occurred_at, o.paid_minor, o.refunded_minor,
         sums.lines_minor,
         CASE WHEN o.paid_minor = 0
                THEN (NOT EXISTS (SELECT FROM orders_refund r WHERE r.order_id = o.id))::int::numeric
              WHEN o.refunded_minor = 0 THEN 1::numeric
              WHEN o.refunded_minor = o.paid_minor THEN 0::numeric
              ELSE (o.paid_minor - o.refunded_minor)::numeric / (o.paid_minor - sums.taken_minor)
         END AS kept
  FROM invites_campaignorder co
  JOIN orders_order o ON o.id = co.order_id
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.amount_minor), 0) AS lines_minor,
           coalesce(sum(l.refunded_minor), 0) AS taken_minor
    FROM orders_orderline l WHERE l.order_id = o.id
  ) sums
  WHERE co.campaign_id = %(campaign)s
),
parts AS (
  SELECT c.participant_id, c.occurred_at, l.amount_minor, l.margin_minor,
         CASE WHEN l.refunded_minor = 0 OR l.amount_minor = 0 THEN c.kept
              ELSE c.kept * (l.amount_minor - l.refunded_minor) / l.amount_minor END AS kept,
         (SELECT min(r.rate_bps) FROM orders_marginrate r WHERE r.tag <> '' AND l.tags ? r.tag)
           AS tag_bps,
         coalesce(greatest(
           coalesce(kept_item.single_minor, item.single_price_minor) * seat.quantity
             - seat.price_minor, 0), 0) AS discount_minor
  FROM counted c
  JOIN orders_orderline l ON l.order_id = c.id
  LEFT JOIN groupbuy_seat seat ON seat.line_id = l.id
  LEFT JOIN groupbuy_offeritem item ON item.id = seat.item_id
  LEFT JOIN groupbuy_room room ON room.id = seat.room_id
  LEFT JOIN LATERAL (
    SELECT (i ->> 'single_price_minor')::bigint AS single_minor
    FROM jsonb_array_elements(room.terms -> 'items') i WHERE (i ->> 'id')::bigint = seat.item_id
  ) kept_item ON true
  UNION ALL
  SELECT participant_id, occurred_at, paid_minor - lines_minor, NULL, kept, NULL, 0
  FROM counted WHERE paid_minor > lines_minor
),
margins AS (
  SELECT participant_id, occurred_at, amount_minor * kept AS revenue,
         CASE WHEN margin_minor IS NOT NULL THEN 'line' WHEN tag_bps IS NOT NULL THEN 'tag'
              WHEN shop.rate_bps IS NOT NULL THEN 'default' ELSE 'unknown' END AS source,
         kept * coalesce(
           margin_minor + discount_minor,
           (amount_minor + discount_minor) * coalesce(tag_bps, shop.rate_bps) / 10000.0
         ) AS margin,
         CASE WHEN coalesce(margin_minor, tag_bps, shop.rate_bps) IS NULL THEN 0
              ELSE kept * discount_minor END AS discount
  FROM parts LEFT JOIN orders_marginrate shop ON shop.tag = ''
)
"""


@dataclass(frozen=True)
class Covered:
    """What was kept of the revenue whose margin is known in one way (`source`), in minor units."""

    source: str
    revenue: int
    margin: int
    discounts: int


@dataclass(frozen=True)
class Margins:
    """Of the rewarded, by how the margin is known; and the margin of the holdout, who got nothing."""

    covered: tuple[Covered, ...]
    holdout: int


def holdouts_of(campaign: Campaign) -> list[str]:
    """The keys of the variants that get nothing, in any version of the campaign."""
    frozen = Version.objects.filter(campaign=campaign).values_list("variants", flat=True)
    return sorted({row["key"] for variants in frozen for row in variants if row["is_holdout"]})


_BY_SOURCE = f"""WITH {MARGINS}
SELECT source, p.variant = ANY(%(holdouts)s) AS held,
       round(sum(revenue))::bigint, round(coalesce(sum(margin), 0))::bigint,
       round(sum(discount))::bigint
FROM margins JOIN invites_participant p ON p.id = margins.participant_id
GROUP BY 1, 2
"""


def margins_of(campaign: Campaign, holdouts: Sequence[str]) -> Margins:
    """What the campaign's orders earned, after refunds; a half minor unit is rounded away from 0."""
    rows = _rows(_BY_SOURCE, campaign, holdouts=list(holdouts))
    given = {source: sums for source, held, *sums in rows if not held}
    covered = [
        Covered(source, *given[source])
        for source in (TOLD, BY_TAG, BY_DEFAULT, UNKNOWN)
        if source in given
    ]
    return Margins(tuple(covered), sum(margin for _, held, _, margin, _ in rows if held))


@dataclass(frozen=True)
class Cohort:
    """The older half of a campaign's members: how many, and their margin on each day of their age
    that all of them have reached, after group discounts."""

    members: int
    margin_by_day: tuple[float, ...]


_COHORT = """
WITH members AS (
  SELECT confirmed_at FROM invites_participant
  WHERE campaign_id = %(campaign)s AND status = 'confirmed' AND NOT variant = ANY(%(holdouts)s)
)
SELECT count(*), max(confirmed_at) FROM members WHERE confirmed_at <= (
  SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY confirmed_at) FROM members
)
"""
# What was bought before somebody was confirmed, and confirmed them, is of their first day.
_BY_DAY = f"""WITH {MARGINS}
SELECT greatest(floor(extract(epoch FROM occurred_at - p.confirmed_at) / 86400), 0)::int AS day,
       sum(coalesce(margin, 0) - discount)::float
FROM margins JOIN invites_participant p ON p.id = margins.participant_id
WHERE p.status = 'confirmed' AND p.confirmed_at <= %(until)s AND NOT p.variant = ANY(%(holdouts)s)
GROUP BY 1
"""


def cohort_of(campaign: Campaign, holdouts: Sequence[str], *, now: dt.datetime) -> Cohort:
    """Two queries. Without members there are no days."""
    [(members, until)] = _rows(_COHORT, campaign, holdouts=list(holdouts))
    if not members:
        return Cohort(0, ())
    days = max((now - until) // dt.timedelta(days=1), 0)
    found = dict(_rows(_BY_DAY, campaign, holdouts=list(holdouts), until=until))
    return Cohort(members, tuple(found.get(day, 0.0) / members for day in range(days)))


def _rows(sql: str, campaign: Campaign, **given: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"campaign": campaign.pk, **given})
        return cursor.fetchall()

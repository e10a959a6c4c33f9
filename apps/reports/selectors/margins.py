"""What the orders of a campaign earned: the margin of what was kept of each line.

One query each; the lines of the campaign's own orders are all that is read.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import connection

from apps.campaigns.models import Campaign, Version

# Margins in the words a report names them by.
TOLD, BY_TAG, BY_DEFAULT, UNKNOWN = "line", "tag", "default", "unknown"

# `margins` has a row per line of an order that counts in the campaign, and one for what was paid
# beyond the lines: revenue, margin and group discount of what refunds left of it. What a refund of an
# amount took is spread over all that is left. A margin is before the group discount.
# Nearly all orders are without a refund, and `kept` of them is 1 without any division.
MARGINS = """
counted AS MATERIALIZED (
  SELECT co.participant_id, o.id, o.occurred_at, o.paid_minor, o.refunded_minor
  FROM invites_campaignorder co JOIN orders_order o ON o.id = co.order_id
  WHERE co.campaign_id = %(campaign)s
),
sums AS MATERIALIZED (
  SELECT c.id, coalesce(sum(l.amount_minor), 0) AS lines_minor,
         coalesce(sum(l.refunded_minor), 0) AS taken_minor
  FROM counted c LEFT JOIN orders_orderline l ON l.order_id = c.id
  GROUP BY c.id, c.paid_minor, c.refunded_minor
  HAVING c.refunded_minor > 0 OR c.paid_minor = 0
      OR c.paid_minor > coalesce(sum(l.amount_minor), 0)
),
orders AS (
  SELECT c.participant_id, c.id, c.occurred_at,
         c.paid_minor - sums.lines_minor AS beyond_minor,
         CASE WHEN c.paid_minor = 0
                THEN (NOT EXISTS (SELECT FROM orders_refund r WHERE r.order_id = c.id))::int::numeric
              WHEN c.refunded_minor = 0 THEN 1::numeric
              WHEN c.refunded_minor = c.paid_minor THEN 0::numeric
              ELSE (c.paid_minor - c.refunded_minor)::numeric / (c.paid_minor - sums.taken_minor)
         END AS kept
  FROM counted c LEFT JOIN sums USING (id)
),
parts AS (
  SELECT o.participant_id, o.occurred_at, l.amount_minor, l.margin_minor, rates.tag_bps,
         CASE WHEN l.refunded_minor = 0 OR l.amount_minor = 0 THEN o.kept
              ELSE o.kept * (l.amount_minor - l.refunded_minor) / l.amount_minor END AS kept,
         CASE WHEN seat.id IS NULL THEN 0 ELSE greatest(
           coalesce(kept_item.single_minor, item.single_price_minor) * seat.quantity
             - seat.price_minor, 0) END AS discount_minor
  FROM orders o
  JOIN orders_orderline l ON l.order_id = o.id
  LEFT JOIN LATERAL (
    SELECT min(r.rate_bps) AS tag_bps FROM orders_marginrate r
    WHERE r.tag <> '' AND l.tags ? r.tag
  ) rates ON true
  LEFT JOIN groupbuy_seat seat ON seat.line_id = l.id
  LEFT JOIN groupbuy_offeritem item ON item.id = seat.item_id
  LEFT JOIN groupbuy_room room ON room.id = seat.room_id
  LEFT JOIN LATERAL (
    SELECT (i ->> 'single_price_minor')::bigint AS single_minor
    FROM jsonb_array_elements(room.terms -> 'items') i WHERE (i ->> 'id')::bigint = seat.item_id
  ) kept_item ON seat.id IS NOT NULL
  UNION ALL
  SELECT participant_id, occurred_at, beyond_minor, NULL, NULL, kept, 0
  FROM orders WHERE beyond_minor > 0
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


@dataclass(frozen=True)
class Cohort:
    """The older half of a campaign's members: how many, and their margin on each day of their age
    that all of them have reached, after group discounts."""

    members: int
    margin_by_day: tuple[float, ...]


# Until when the older half of the members was confirmed, and how many they are.
_COHORT = """
WITH members AS (
  SELECT confirmed_at FROM invites_participant
  WHERE campaign_id = %(campaign)s AND status = 'confirmed' AND NOT variant = ANY(%(holdouts)s)
)
SELECT count(*), max(confirmed_at) FROM members WHERE confirmed_at <= (
  SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY confirmed_at) FROM members
)
"""
# One pass for both. What was bought before somebody was confirmed, and confirmed them, is of their
# first day; whoever is outside the cohort has none.
_EARNED = f"""WITH {MARGINS}
SELECT source, p.variant = ANY(%(holdouts)s),
       CASE WHEN p.status = 'confirmed' AND p.confirmed_at <= %(until)s
              THEN greatest(floor(extract(epoch FROM occurred_at - p.confirmed_at) / 86400), 0)::int
       END,
       sum(revenue), coalesce(sum(margin), 0), sum(discount)
FROM margins JOIN invites_participant p ON p.id = margins.participant_id
GROUP BY 1, 2, 3
"""


def earned(
    campaign: Campaign, holdouts: Sequence[str], *, now: dt.datetime
) -> tuple[Margins, Cohort]:
    """What the campaign's orders earned after refunds, and the older half of its members by day.

    Two queries. Sums are rounded to whole minor units, halves away from zero.
    """
    [(members, until)] = _rows(_COHORT, campaign, holdouts=list(holdouts))
    rows = _rows(_EARNED, campaign, holdouts=list(holdouts), until=until or now)
    by_source: dict[str, list[Decimal]] = {}
    by_day: dict[int, Decimal] = {}
    held = Decimal()
    for source, is_held, day, *sums in rows:
        if is_held:
            held += sums[1]
            continue
        before = by_source.get(source, [Decimal()] * 3)
        by_source[source] = [old + new for old, new in zip(before, sums, strict=True)]
        if day is not None:
            by_day[day] = by_day.get(day, Decimal()) + sums[1] - sums[2]
    covered = [
        Covered(source, *map(_whole, by_source[source]))
        for source in (TOLD, BY_TAG, BY_DEFAULT, UNKNOWN)
        if source in by_source
    ]
    days = max((now - until) // dt.timedelta(days=1), 0) if members else 0
    each = [float(by_day.get(day, 0)) / members for day in range(days)]
    return Margins(tuple(covered), _whole(held)), Cohort(members, tuple(each))


def _whole(minor: Decimal) -> int:
    return int(minor.quantize(Decimal(1), ROUND_HALF_UP))


def _rows(sql: str, campaign: Campaign, **given: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"campaign": campaign.pk, **given})
        return cursor.fetchall()

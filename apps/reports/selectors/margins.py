"""What the orders of a campaign earned: the margin of what was kept of each line.

The lines of a campaign's own orders say it (`margins_sql`); reports read the rollups of it.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from apps.campaigns.models import Campaign
from apps.reports.selectors import rolled

# Margins in the words a report names them by.
SOURCES = TOLD, BY_TAG, BY_DEFAULT, UNKNOWN = "line", "tag", "default", "unknown"

# `margins` has a row per line of an order that is `counted`, and one for what was paid beyond the
# lines: revenue, margin and group discount of what refunds left of it. What a refund of an
# amount took is spread over all that is left. A margin is before the group discount.
# Nearly all orders are without a refund, and `kept` of them is 1 without any division.
# `rates` is JSON, basis points by tag.
_MARGINS = """
rates AS MATERIALIZED (
  SELECT key AS tag, value::int AS rate_bps FROM jsonb_each_text({rates})
),
counted AS MATERIALIZED ({counted}),
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
  SELECT o.participant_id, o.id AS order_id, o.occurred_at, l.amount_minor, l.margin_minor,
         rates.tag_bps,
         CASE WHEN l.refunded_minor = 0 OR l.amount_minor = 0 THEN o.kept
              ELSE o.kept * (l.amount_minor - l.refunded_minor) / l.amount_minor END AS kept,
         CASE WHEN seat.id IS NULL THEN 0 ELSE greatest(
           coalesce(kept_item.single_minor, item.single_price_minor) * seat.quantity
             - seat.price_minor, 0) END AS discount_minor
  FROM orders o
  JOIN orders_orderline l ON l.order_id = o.id
  LEFT JOIN LATERAL (
    SELECT min(r.rate_bps) AS tag_bps FROM rates r
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
  SELECT participant_id, id, occurred_at, beyond_minor, NULL, NULL, kept, 0
  FROM orders WHERE beyond_minor > 0
),
margins AS (
  SELECT participant_id, order_id, occurred_at, amount_minor * kept AS revenue,
         amount_minor * (1 - kept) AS refunded,
         CASE WHEN margin_minor IS NOT NULL THEN 'line' WHEN tag_bps IS NOT NULL THEN 'tag'
              WHEN shop.rate_bps IS NOT NULL THEN 'default' ELSE 'unknown' END AS source,
         kept * coalesce(
           margin_minor + discount_minor,
           (amount_minor + discount_minor) * coalesce(tag_bps, shop.rate_bps) / 10000.0
         ) AS margin,
         CASE WHEN coalesce(margin_minor, tag_bps, shop.rate_bps) IS NULL THEN 0
              ELSE kept * discount_minor END AS discount
  FROM parts LEFT JOIN rates shop ON shop.tag = ''
)
"""
# The rates as they are set now, as `_MARGINS` wants them.
RATES_NOW = "(SELECT coalesce(jsonb_object_agg(tag, rate_bps), '{}') FROM orders_marginrate)"


# The orders that count in the campaign; `among` may say whose.
_OF_CAMPAIGN = """
  SELECT co.participant_id, o.id, o.occurred_at, o.paid_minor, o.refunded_minor
  FROM invites_campaignorder co JOIN orders_order o ON o.id = co.order_id
  WHERE co.campaign_id = %(campaign)s {among}
"""


def margins_sql(*, rates: str = RATES_NOW, among: str = "", counted: str = _OF_CAMPAIGN) -> str:
    """The common table expression `margins`, and those it stands on. `counted` are the orders, each
    with a participant, where it has one."""
    return _MARGINS.format(rates=rates, counted=counted.format(among=among))


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


@dataclass(frozen=True)
class Cohort:
    """The older half of a campaign's members, in whole days of confirmation: how many, and their
    margin on each day of their age that all of them have reached, after group discounts."""

    members: int
    margin_by_day: tuple[float, ...]


def earned(
    campaign: Campaign, holdouts: Sequence[str], *, now: dt.datetime
) -> tuple[Margins, Cohort]:
    """What the campaign's orders earned after refunds, and the older half of its members by day.

    Two queries of rollups. Sums are rounded to whole minor units, halves away from zero.
    """
    covered, held = [], Decimal()
    for is_held, source, *sums in rolled.sales(campaign, holdouts):
        if is_held:
            held += sums[1]
        else:
            covered.append(Covered(source, *map(_whole, sums)))
    covered.sort(key=lambda row: SOURCES.index(row.source))
    return Margins(tuple(covered), _whole(held)), _older_half(campaign, holdouts, now)


def _older_half(campaign: Campaign, holdouts: Sequence[str], now: dt.datetime) -> Cohort:
    rows = rolled.older_half(campaign, holdouts)
    if not rows:
        return Cohort(0, ())
    last, members = rows[0][:2]
    days = max((now - _next_midnight(last, campaign)) // dt.timedelta(days=1), 0)
    by_age = {age: margin for _, _, age, margin in rows}
    return Cohort(members, tuple(float(by_age.get(age, 0)) / members for age in range(days)))


def _next_midnight(day: dt.datetime, campaign: Campaign) -> dt.datetime:
    zone = ZoneInfo(campaign.time_zone)
    return dt.datetime.combine(day.astimezone(zone).date() + dt.timedelta(days=1), dt.time(), zone)


def _whole(minor: Decimal) -> int:
    return int(minor.quantize(Decimal(1), ROUND_HALF_UP))

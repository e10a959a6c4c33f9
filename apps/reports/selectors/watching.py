"""What the alerts' rules decide by, counted for one campaign."""

import datetime as dt
import math
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Coalesce

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import budget_of
from apps.groupbuy.models import Seat
from apps.reports.alert_rules import (
    K_BEFORE_DAYS,
    K_RECENT_DAYS,
    NORM_ENOUGH,
    SOURCE_ENOUGH,
    Burn,
    Pace,
    Refunds,
    Source,
    Sources,
)
from apps.reports.selectors.days import days_of
from apps.reports.selectors.spreading import spreading
from apps.reports.viral import reproduction
from apps.reports.viral.delays import Delays
from apps.reports.viral.figures import Figure
from apps.rewards.models import Grant

DAY = dt.timedelta(days=1)
WEEK = 7 * DAY


def pace_of(campaign: Campaign, *, now: dt.datetime) -> Pace | None:
    """K of the last days and of those before, from the rollups; None while the campaign is younger
    than both, or than its attribution window, or where nobody brought anybody. As many queries as
    the report's K."""
    spans = (K_RECENT_DAYS + K_BEFORE_DAYS) * DAY
    if now - campaign.starts_at < max(spans, campaign.attribution_window):
        return None
    spreads = spreading(campaign, now=now)
    f, dispersion = spreads.own, spreads.k.dispersion
    if not isinstance(f, Delays) or dispersion is None:
        return None
    counted = days_of(campaign, spreads.slots, now=now)
    times = -counted.age
    brought = np.repeat(times, np.where(counted.seed, 0, counted.people))

    def k(start: float, end: float) -> Figure:
        return reproduction.k_over_time(
            times, brought, (start, end), f, dispersion=dispersion or math.inf, n=counted.people
        )

    began, turned = -float(K_RECENT_DAYS + K_BEFORE_DAYS), -float(K_RECENT_DAYS)
    return Pace(
        recent=k(turned, 0.0),
        before=k(began, turned),
        referees_before=int(((brought > began) & (brought <= turned)).sum()),
    )


def burn_of(campaign: Campaign, *, now: dt.datetime) -> Burn | None:
    """What the last day took of the budget; None where there is no limit."""
    budget = budget_of(campaign)
    if budget is None or budget.amount_minor is None:
        return None
    granted = Grant.objects.filter(campaign=campaign, granted_at__gt=now - DAY)
    seats = Seat.objects.filter(
        room__offer__campaign=campaign,
        held_at__gt=now - DAY,
        discount__in=(Seat.Discount.RESERVED, Seat.Discount.SPENT),
    )
    return Burn(
        amount=budget.amount_minor,
        left=budget.amount_minor - budget.used_minor,
        last_day=granted.aggregate(cost=Coalesce(Sum("cost_minor"), 0))["cost"]
        + seats.aggregate(cost=Coalesce(Sum("discount_minor"), 0))["cost"],
        hours_to_go=(campaign.ends_at - now) / dt.timedelta(hours=1) if campaign.ends_at else None,
    )


_JOINED = """
SELECT count(*) FILTER (WHERE joined_at > %(day)s), count(*) FILTER (WHERE joined_at <= %(day)s),
       count(DISTINCT link_id) FILTER (WHERE joined_at > %(day)s),
       count(DISTINCT nullif(circumstances ->> 'channel', '')) FILTER (WHERE joined_at > %(day)s)
FROM invites_participant
WHERE campaign_id = %(campaign)s AND joined_at > %(week)s AND joined_at <= %(now)s
"""
_BY_LINK = """
SELECT l.code, recent, before FROM (
  SELECT link_id, count(*) FILTER (WHERE joined_at > %(day)s) AS recent,
         count(*) FILTER (WHERE joined_at <= %(day)s) AS before
  FROM invites_participant
  WHERE campaign_id = %(campaign)s AND joined_at > %(week)s AND joined_at <= %(now)s
    AND link_id IS NOT NULL
  GROUP BY link_id HAVING count(*) FILTER (WHERE joined_at > %(day)s) >= %(enough)s
) sources JOIN invites_link l ON l.id = sources.link_id
ORDER BY recent DESC, l.id LIMIT 20
"""
_BY_CHANNEL = """
SELECT circumstances ->> 'channel', count(*) FILTER (WHERE joined_at > %(day)s) AS recent,
       count(*) FILTER (WHERE joined_at <= %(day)s)
FROM invites_participant
WHERE campaign_id = %(campaign)s AND joined_at > %(week)s AND joined_at <= %(now)s
  AND circumstances ->> 'channel' <> ''
GROUP BY 1 HAVING count(*) FILTER (WHERE joined_at > %(day)s) >= %(enough)s
ORDER BY recent DESC, 1 LIMIT 20
"""


def sources_of(campaign: Campaign, *, now: dt.datetime) -> tuple[Sources, Sources]:
    """Who brought people in the last day, against the week before it: links, and channels."""
    given = {
        "campaign": campaign.pk,
        "now": now,
        "day": now - DAY,
        "week": now - DAY - WEEK,
        "enough": SOURCE_ENOUGH,
    }
    [(joined, before, links, channels)] = _rows(_JOINED, **given)
    return (
        Sources(joined, before, links, tuple(Source(*row) for row in _rows(_BY_LINK, **given))),
        Sources(
            joined, before, channels, tuple(Source(*row) for row in _rows(_BY_CHANNEL, **given))
        ),
    )


# What the engine itself asked to be paid back (a failed room, say) is no customer's regret.
_REFUNDED = """
SELECT count(*) FILTER (WHERE o.occurred_at > %(since)s AND o.occurred_at <= %(until)s),
       count(*) FILTER (WHERE EXISTS (
         SELECT FROM orders_refund r
         WHERE r.order_id = o.id AND r.occurred_at > %(since)s AND r.occurred_at <= %(until)s
           AND (r.refund_id NOT LIKE 'engine:%%' OR r.refund_id = 'engine:cancel')))
FROM orders_order o {among}
"""
_OF_CAMPAIGN = _REFUNDED.format(
    among="""JOIN invites_campaignorder co ON co.order_id = o.id
WHERE co.campaign_id = %(campaign)s AND o.occurred_at > %(from)s"""
)
_OF_SHOP = _REFUNDED.format(among="WHERE o.is_test = %(is_test)s AND o.occurred_at > %(from)s")


def refunds_of(campaign: Campaign, *, now: dt.datetime) -> tuple[Refunds, Refunds]:
    """The last week's, and the norm: of the campaign's four weeks before, or where these have too
    few orders, of the whole shop's. Orders of the last ninety days before the time can be refunded
    in it."""

    def counted(sql: str, since: dt.datetime, until: dt.datetime) -> Refunds:
        given = {"campaign": campaign.pk, "is_test": campaign.is_test}
        times = {"since": since, "until": until, "from": since - 90 * DAY}
        [row] = _rows(sql, **given, **times)
        return Refunds(*row)

    week = counted(_OF_CAMPAIGN, now - WEEK, now)
    norm = counted(_OF_CAMPAIGN, now - 5 * WEEK, now - WEEK)
    if norm.orders < NORM_ENOUGH:
        norm = counted(_OF_SHOP, now - 5 * WEEK, now - WEEK)
    return week, norm


def _rows(sql: str, **given: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall()

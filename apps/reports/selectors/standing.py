"""How a campaign stands: its rooms, its money, and what its figures do not contain yet. A query each."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.groupbuy.models import RefundOrder
from apps.groupbuy.rules import ACTIVE
from apps.reports.models import SOURCES, Moment
from apps.reports.selectors.margins import RATES_NOW
from apps.reports.selectors.rolled import ROWS_BEHIND, Rewarded
from apps.rewards.models import Grant


@dataclass(frozen=True)
class Rooms:
    """`refunded`: completed rooms that a refund brought below the seats they need."""

    opened: int
    open: int
    completed: int
    failed: int
    cancelled: int
    refunded: int


@dataclass(frozen=True)
class Purse:
    """A campaign's money in minor units, as its own tables have it: the budget (None: no limit) with what
    of it group discounts have `discounts_reserved` and `discounts_spent`, and costs outside.

    `holdouts` are the keys of the variants that get nothing, in any version; `keeps_holdout` whether
    there is one today.
    """

    budget: int | None
    reserved: int
    spent: int
    discounts_reserved: int
    discounts_spent: int
    costs: int
    holdouts: list[str]
    keeps_holdout: bool


@dataclass(frozen=True)
class Freshness:
    """What the figures do not contain yet. All zero: nothing more will change by itself.

    `changes_pending` are what participants did, what became of grants, and other margin rates, that
    rollups do not contain yet; `rows_pending` new participants, links, intents, visits and grants, of
    all campaigns, that nobody has counted yet.
    """

    events_pending: int
    events_parked: int
    changes_pending: int
    rows_pending: int
    grants_pending: int
    refund_orders_outstanding: int
    rooms_due: int


_ROOMS = """
SELECT count(*) FILTER (WHERE r.opened_at IS NOT NULL),
       count(*) FILTER (WHERE r.status IN ('open', 'closing')),
       count(*) FILTER (WHERE r.status = 'completed'),
       count(*) FILTER (WHERE r.status = 'failed'),
       count(*) FILTER (WHERE r.status = 'cancelled'),
       count(*) FILTER (WHERE r.status = 'completed' AND (
         SELECT count(*) FROM groupbuy_seat s WHERE s.room_id = r.id AND s.status = 'paid'
       ) < coalesce(r.headcount, r.size))
FROM groupbuy_room r JOIN groupbuy_offer o ON o.id = r.offer_id WHERE o.campaign_id = %s
"""
_PURSE = """
SELECT b.amount_minor, coalesce(b.reserved_minor, 0), coalesce(b.spent_minor, 0),
       coalesce(sum(s.discount_minor) FILTER (WHERE s.discount = 'reserved'), 0)::bigint,
       coalesce(sum(s.discount_minor) FILTER (WHERE s.discount = 'spent'), 0)::bigint,
       (SELECT coalesce(sum(c.amount_minor), 0)::bigint FROM campaigns_campaigncost c
        WHERE c.campaign_id = k.id),
       ARRAY(SELECT DISTINCT (v ->> 'key') COLLATE "C"
             FROM campaigns_version n, jsonb_array_elements(n.variants) v
             WHERE n.campaign_id = k.id AND (v ->> 'is_holdout')::boolean ORDER BY 1),
       EXISTS (SELECT FROM campaigns_variant v WHERE v.campaign_id = k.id AND v.is_holdout)
FROM campaigns_campaign k LEFT JOIN campaigns_budget b ON b.campaign_id = k.id
LEFT JOIN groupbuy_offer o ON o.campaign_id = k.id
LEFT JOIN groupbuy_room r ON r.offer_id = o.id
LEFT JOIN groupbuy_seat s ON s.room_id = r.id AND s.discount_minor > 0
WHERE k.id = %s GROUP BY k.id, b.id
"""
_WAITING = f"""
SELECT ({ROWS_BEHIND}),
       (SELECT count(*) FROM core_event WHERE status = 'pending'),
       (SELECT count(*) FROM core_event WHERE status = 'parked'),
       (SELECT count(*) FROM reports_mark WHERE campaign_id = %(campaign)s)
         + (SELECT count(*) FROM reports_grantmark WHERE campaign_id = %(campaign)s)
         + (SELECT count(*) FROM reports_rolled
            WHERE campaign_id = %(campaign)s AND rates IS DISTINCT FROM {RATES_NOW}),
       (SELECT count(*) FROM groupbuy_refundorder f JOIN groupbuy_seat s ON s.id = f.seat_id
        JOIN groupbuy_room r ON r.id = s.room_id JOIN groupbuy_offer o ON o.id = r.offer_id
        WHERE o.campaign_id = %(campaign)s AND f.status = ANY(%(outstanding)s::text[])),
       (SELECT count(*) FROM groupbuy_room r JOIN groupbuy_offer o ON o.id = r.offer_id
        WHERE o.campaign_id = %(campaign)s AND r.status = ANY(%(active)s::text[])
          AND r.due_at <= engine_now())
"""


def rooms(campaign: Campaign) -> Rooms:
    """All rooms of the campaign, each looked at."""
    return Rooms(*statements.run(_ROOMS, [campaign.pk])[0])


def purse_of(campaign: Campaign) -> Purse:
    """Its money as of now, each seat with a group discount looked at."""
    return Purse(*statements.run(_PURSE, [campaign.pk])[0])


def freshness(campaign: Campaign, rewards: Sequence[Rewarded]) -> Freshness:
    """As of now, all campaigns' events included."""
    given = {
        "names": list(SOURCES),
        "tables": list(SOURCES.values()),
        "campaign": campaign.pk,
        "outstanding": [str(status) for status in RefundOrder.OUTSTANDING],
        "active": sorted(str(status) for status in ACTIVE),
    }
    [(behind, pending, parked, changes, refunds, due)] = statements.run(_WAITING, given)
    return Freshness(
        events_pending=pending,
        events_parked=parked,
        changes_pending=changes,
        rows_pending=behind,
        grants_pending=sum(
            row.grants
            for row in rewards
            if (row.moment, row.status) == (Moment.GRANTED, Grant.Status.PENDING)
        ),
        refund_orders_outstanding=refunds,
        rooms_due=due,
    )

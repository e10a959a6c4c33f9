"""How a campaign stands: its rooms, and what its figures do not contain yet. A query each."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.groupbuy.models import RefundOrder
from apps.groupbuy.rules import ACTIVE
from apps.reports.models import Moment
from apps.reports.selectors.margins import RATES_NOW
from apps.reports.selectors.rolled import Rewarded, sources_behind
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
_WAITING = f"""
SELECT (SELECT count(*) FROM core_event WHERE status = 'pending'),
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


def freshness(campaign: Campaign, rewards: Sequence[Rewarded]) -> Freshness:
    """As of now, all campaigns' events included. Two queries."""
    given = {
        "campaign": campaign.pk,
        "outstanding": [str(status) for status in RefundOrder.OUTSTANDING],
        "active": sorted(str(status) for status in ACTIVE),
    }
    [(pending, parked, changes, refunds, due)] = statements.run(_WAITING, given)
    return Freshness(
        events_pending=pending,
        events_parked=parked,
        changes_pending=changes,
        rows_pending=sum(sources_behind().values()),
        grants_pending=sum(
            row.grants
            for row in rewards
            if (row.moment, row.status) == (Moment.GRANTED, Grant.Status.PENDING)
        ),
        refund_orders_outstanding=refunds,
        rooms_due=due,
    )

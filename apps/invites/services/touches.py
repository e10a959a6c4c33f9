"""What connects a member with whoever may have brought them."""

import datetime as dt

from apps.campaigns.models import Campaign
from apps.core.transactions import in_transaction
from apps.invites import selectors
from apps.invites.models import Link, Touch
from apps.invites.rules import BINDING, Source
from apps.invites.selectors import Brought, Heard
from apps.invites.services.draws import draw_tell


@in_transaction
def touch_record(*, member_id: int, brought: Brought, now: dt.datetime) -> Link | None:
    """Keep what brought a member; the link of the strongest that counts, or None without any.

    The same visit or coupon again changes nothing, but that a token of the link itself makes a touch
    by cookie one by visit. Raises what `heard` raises, and DrawTokenInvalid. Locks nothing.
    """
    if brought.draw_token:
        draw_tell(draw=selectors.draw_by_token(brought.draw_token), member_id=member_id)
    found = selectors.heard(member_id=member_id, brought=brought, now=now)
    for row in found:
        _keep(member_id, row)
    counting = [row for row in found if row.visit is None or row.visit.skipped in BINDING]
    return counting[-1].link if counting else None


@in_transaction
def coupon_touches_keep(*, campaign: Campaign, member_id: int, now: dt.datetime) -> None:
    """Keep which of the coupons a member has taken bring them to a campaign. Locks nothing."""
    for row in selectors.coupons_heard(campaign, member_id, now):
        _keep(member_id, row)


def _keep(member_id: int, row: Heard) -> None:
    touch = Touch(
        campaign_id=row.link.participant.campaign_id,
        member_id=member_id,
        source=row.source,
        link=row.link,
        visit=row.visit,
        coupon_id=row.coupon,
        touched_at=row.at,
    )
    if row.source is Source.VISIT:
        Touch.objects.bulk_create(
            [touch],
            update_conflicts=True,
            unique_fields=["member", "visit"],
            update_fields=["source"],
        )
    else:
        Touch.objects.bulk_create([touch], ignore_conflicts=True)

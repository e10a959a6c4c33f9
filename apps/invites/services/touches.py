"""What connects a member with whoever may have brought them."""

import datetime as dt
from dataclasses import dataclass

from apps.campaigns.models import Campaign
from apps.core.errors import Conflict
from apps.core.transactions import in_transaction
from apps.invites import selectors
from apps.invites.models import Link, Touch, Visit
from apps.invites.rules import Source


class OwnCode(Conflict):
    code = "own_code"
    message = "Nobody can bring themselves: this is the member's own code."


class CodeOfOtherCampaign(Conflict):
    code = "code_of_other_campaign"
    message = "This code belongs to another campaign."


@dataclass(frozen=True)
class Brought:
    """What somebody says brought them: a code they typed, or the token of a visit."""

    code: str = ""
    visit_token: str = ""


@in_transaction
def touch_record(*, member_id: int, brought: Brought, now: dt.datetime) -> Link | None:
    """Keep what brought a member; the link it was, or None when nothing was told.

    A visit counts from when the link was opened, a typed code from `now`. The same visit again
    changes nothing. Raises LinkUnknown, VisitTokenInvalid, OwnCode (a visit to one's own link is
    kept quietly and never wins: pages open them by themselves). Locks nothing.
    """
    link: Link | None = None
    if brought.visit_token:
        visit = selectors.visit_by_token(brought.visit_token)
        link = visit.link
        _keep(member_id, link, Source.VISIT, visit.opened_at, visit)
    if brought.code:
        link = selectors.link_by_code(brought.code, pointer="/code")
        if link.participant.member_id == member_id:
            raise OwnCode(pointer="/code")
        _keep(member_id, link, Source.CODE, now, None)
    return link


def brought_by(link: Link | None, campaign: Campaign, *, typed: bool) -> None:
    """Raises CodeOfOtherCampaign when a typed code leads elsewhere than to `campaign`."""
    if typed and link is not None and link.participant.campaign_id != campaign.pk:
        raise CodeOfOtherCampaign(pointer="/code")


def _keep(member_id: int, link: Link, source: Source, at: dt.datetime, visit: Visit | None) -> None:
    touch = Touch(
        campaign_id=link.participant.campaign_id,
        member_id=member_id,
        source=source,
        link=link,
        visit=visit,
        touched_at=at,
    )
    Touch.objects.bulk_create([touch], ignore_conflicts=True)

"""What connects a member with whoever may have brought them."""

import datetime as dt

from apps.core.errors import Conflict
from apps.core.transactions import in_transaction
from apps.invites import selectors
from apps.invites.models import Link, Touch, Visit
from apps.invites.rules import Source
from apps.invites.selectors import Brought
from apps.invites.services.draws import draw_tell
from apps.members.models import Member


class OwnCode(Conflict):
    code = "own_code"
    message = "Nobody can bring themselves: this is the member's own code."


@in_transaction
def touch_record(*, member_id: int, brought: Brought, now: dt.datetime) -> Link | None:
    """Keep what brought a member; the link it was, or None when nothing was told that counts.

    A visit counts from when the link was opened, a typed code from `now`. The same visit again
    changes nothing. Raises LinkUnknown, VisitTokenInvalid, OwnCode (a visit to one's own link is
    kept quietly and never wins: pages open them by themselves), DrawTokenInvalid. What is of the
    other mode, live or test, is unknown. Locks nothing.
    """
    if brought.draw_token:
        draw_tell(draw=selectors.draw_by_token(brought.draw_token), member_id=member_id)
    visit, link = selectors.brought_links(brought)
    if visit is not None:
        if not _in_one_mode(member_id, visit.link):
            raise selectors.VisitTokenInvalid(pointer="/visit_token")
        # The database's clock may be ahead of ours: nobody was brought later than now.
        _keep(member_id, visit.link, Source.VISIT, min(visit.opened_at, now), visit)
    if link is not None:
        if not _in_one_mode(member_id, link):
            raise selectors.LinkUnknown(pointer="/code")
        if link.participant.member_id == member_id:
            raise OwnCode(pointer="/code")
        _keep(member_id, link, Source.CODE, now, None)
    if link is None and visit is not None and not visit.skipped:
        return visit.link
    return link


def _in_one_mode(member_id: int, link: Link) -> bool:
    mode = link.participant.campaign.is_test
    return Member.objects.filter(pk=member_id, is_test=mode).exists()


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

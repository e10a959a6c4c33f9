"""What connects a member with whoever may have brought them."""

import datetime as dt

from apps.core.transactions import in_transaction
from apps.invites import selectors
from apps.invites.models import Link, Touch
from apps.invites.rules import BINDING
from apps.invites.selectors import Brought, Heard
from apps.invites.services.draws import draw_tell


@in_transaction
def touch_record(*, member_id: int, brought: Brought, now: dt.datetime) -> Link | None:
    """Keep what brought a member; the link it was, or None when nothing was told that counts.

    The same visit again changes nothing. Raises what `heard` raises, and DrawTokenInvalid. Locks
    nothing.
    """
    if brought.draw_token:
        draw_tell(draw=selectors.draw_by_token(brought.draw_token), member_id=member_id)
    found = selectors.heard(member_id=member_id, brought=brought, now=now)
    for row in found:
        _keep(member_id, row)
    *_, last = [None, *found]  # the typed code, if there is one
    if last is None or (last.visit is not None and last.visit.skipped not in BINDING):
        return None
    return last.link


def _keep(member_id: int, row: Heard) -> None:
    touch = Touch(
        campaign_id=row.link.participant.campaign_id,
        member_id=member_id,
        source=row.source,
        link=row.link,
        visit=row.visit,
        touched_at=row.at,
    )
    Touch.objects.bulk_create([touch], ignore_conflicts=True)

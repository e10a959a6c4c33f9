"""That somebody was about to share: no phone tells whether they did."""

from apps.core.transactions import in_transaction
from apps.invites.models import Share
from apps.invites.selectors import LinkUnknown, link_by_code


@in_transaction
def share_record(*, code: str, member_id: int, channel: str = "") -> Share:
    """Keep that a member is about to share a link of theirs by this channel.

    Raises LinkUnknown, also for somebody else's link: nobody shares for others. Locks nothing.
    """
    link = link_by_code(code)
    if link.participant.member_id != member_id:
        raise LinkUnknown()
    return Share.objects.create(link=link, channel=channel)

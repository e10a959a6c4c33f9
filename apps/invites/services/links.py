"""Share links."""

from apps.core.clock import EngineNow
from apps.core.transactions import in_transaction
from apps.invites.models import Link, Participant


@in_transaction
def link_get_or_create(*, participant: Participant, room: str = "") -> tuple[Link, bool]:
    """The participant's link to the campaign, or to `room`; (link, created). One per target."""
    made = Link.objects.bulk_create(
        [Link(participant=participant, room=room)], ignore_conflicts=True
    )
    link = Link.objects.select_related("participant__campaign").get(
        participant=participant, room=room
    )
    return link, link.code == made[0].code


@in_transaction
def link_revoke(*, link_id: int) -> None:
    """Let a link bring nobody any more; its page says so. Again changes nothing.

    Locks the link first, so that its moment comes after every visit that is being kept.
    """
    Link.objects.select_for_update(no_key=True).filter(pk=link_id).first()
    Link.objects.filter(pk=link_id, revoked_at=None).update(revoked_at=EngineNow())

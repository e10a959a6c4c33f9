"""Share links and the visits they get."""

from apps.core.clock import EngineNow
from apps.core.transactions import in_transaction
from apps.invites.models import Link, Participant, Visit
from apps.invites.rules import Opening, skip_reason


@in_transaction
def link_get_or_create(*, participant: Participant, room: str = "") -> tuple[Link, bool]:
    """The link a participant asks for by themselves: to the campaign, or to `room`; (link, created).

    One per target. More of them, with terms of their own, are made by `link_create`.
    """
    made = Link.objects.bulk_create(
        [Link(participant=participant, room=room, is_default=True)], ignore_conflicts=True
    )
    link = Link.objects.select_related("participant__campaign").get(
        participant=participant, room=room, is_default=True
    )
    return link, link.code == made[0].code


@in_transaction
def link_revoke(*, link_id: int) -> None:
    """Let a link bring nobody any more; its page says so. Again changes nothing."""
    Link.objects.filter(pk=link_id, revoked_at=None).update(revoked_at=EngineNow())


def visit_record(*, link: Link, opening: Opening, channel: str = "") -> Visit:
    """Keep that a link was opened, marked when it was no person. One INSERT, no lock, no BEGIN."""
    return Visit.objects.create(link=link, channel=channel, skipped=skip_reason(opening))

"""What of links and participants hangs on a campaign."""

from collections.abc import Sequence

from apps.campaigns.effects import Counted, Effect, Turn
from apps.invites.models import Link, Participant


def _links(campaign_ids: Sequence[int]) -> Counted:
    return Counted(
        Link.objects.filter(participant__campaign__in=campaign_ids, revoked_at=None).count()
    )


def _participants(campaign_ids: Sequence[int]) -> Counted:
    return Counted(Participant.objects.filter(campaign__in=campaign_ids).count())


def _provisional(campaign_ids: Sequence[int]) -> Counted:
    waiting = Participant.objects.filter(
        campaign__in=campaign_ids, status=Participant.Status.PROVISIONAL
    )
    return Counted(waiting.count())


EFFECTS = (
    Effect(
        "Open links",
        _links,
        {
            Turn.PAUSE: "They still open, and say that the campaign pauses. Nobody new gets in.",
            Turn.END: "They still open, and say that the campaign is over.",
            Turn.STOP: "They still open, and say that there is nothing to join just now.",
            Turn.RESUME: "They lead into the campaign again.",
            Turn.LIFT: "They lead into their campaigns again.",
        },
        10,
    ),
    Effect(
        "Participants",
        _participants,
        {
            Turn.PAUSE: "They stay, with their referrer and their version. Their orders still count.",
            Turn.END: "They stay, with their referrer. Orders from now on earn nothing.",
            Turn.STOP: "They stay. Their orders are recorded, and what those promise waits.",
        },
        20,
    ),
    Effect(
        "… of these not confirmed yet",
        _provisional,
        {
            Turn.PAUSE: "They can still be confirmed by what they have begun.",
            Turn.END: "An order made before the end can still confirm them; nothing later can.",
            Turn.STOP: "They can still be confirmed; what follows from it waits.",
        },
        30,
    ),
)

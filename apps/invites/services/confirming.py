"""Being confirmed by a campaign's qualifying act, after which the referrer is fixed."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import F

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Trigger
from apps.core.clock import EngineNow
from apps.core.services import event_record
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.invites import events
from apps.invites.models import Participant
from apps.invites.services.friends import friends_count
from apps.orders.models import Order

Status = Participant.Status


def participant_report(
    kind: str, participant: Participant, now: dt.datetime, *, moved: bool = False
) -> None:
    suffix = f":{participant.referrer.public_id}" if moved and participant.referrer else ""
    event_record(
        key=f"{kind}:{participant.public_id}{suffix}",
        kind=kind,
        payload={
            "participant": participant.public_id,
            "campaign": participant.campaign.public_id,
        },
        occurred_at=now,
        is_test=participant.campaign.is_test,
    )


@in_transaction
def participants_confirm(
    *, campaign: Campaign, member_ids: Iterable[int], now: dt.datetime
) -> list[Participant]:
    """Confirm these members' participants, whose referrers are then fixed; those newly confirmed.

    Called by whatever completes the qualifying act, in its transaction. They are counted as friends
    of their referrers where milestones want it. Locks them in pk order, then such referrers.
    """
    provisional = (
        Participant.objects.select_for_update(of=("self",), no_key=True)
        .filter(campaign=campaign, member_id__in=list(member_ids), status=Status.PROVISIONAL)
        .order_by("pk")
    )
    confirmed = list(provisional)
    Participant.objects.filter(pk__in=[row.pk for row in confirmed]).update(
        status=Status.CONFIRMED, confirmed_at=now
    )
    for participant in confirmed:
        participant.status, participant.confirmed_at = Status.CONFIRMED, now
        participant.campaign = campaign
        participant_report(events.CONFIRMED, participant, now)
    friends_count(referees=confirmed, kind=Trigger.FRIEND_CONFIRMED, now=now)
    friends_count(referees=confirmed, kind=Trigger.FRIEND_BOUGHT, now=now)
    return confirmed


def participants_qualify() -> int:
    """Confirm those whose order was kept; look again later at those with a younger one; how many."""
    due = Participant.objects.filter(status=Status.PROVISIONAL, qualifies_at__lte=EngineNow())
    in_turn = due.order_by("qualifies_at").values_list("pk", flat=True)
    return each_due(list(in_turn[:BATCH]), _qualify)


@in_transaction
def _qualify(participant_id: int) -> bool:
    due = (
        Participant.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("campaign")
        .filter(pk=participant_id, status=Status.PROVISIONAL, qualifies_at__lte=EngineNow())
        .first()
    )
    if due is None:
        return False
    kept = Order.objects.filter(
        campaigns__participant=due, refunded_minor__lt=F("paid_minor")
    ).order_by("occurred_at")
    oldest = kept.first()
    kept_at = oldest.occurred_at + due.campaign.keep_window if oldest else None
    if kept_at is not None and due.qualifies_at is not None and kept_at <= due.qualifies_at:
        participants_confirm(campaign=due.campaign, member_ids=[due.member_id], now=kept_at)
    else:
        due.qualifies_at = kept_at
        due.save(update_fields=["qualifies_at"])
    return True

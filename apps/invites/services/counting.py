"""Counting in a campaign what happened to its participants: their orders, and their acts."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Trigger
from apps.campaigns.selectors import admits_newcomers, is_running
from apps.core.transactions import in_transaction
from apps.invites.models import Act, CampaignOrder, Participant
from apps.invites.selectors import Brought, circumstances, participant_of
from apps.invites.services.acts import act_insert
from apps.invites.services.admitting import CampaignFull, participant_admit
from apps.invites.services.confirming import participants_confirm
from apps.invites.services.friends import friends_count
from apps.orders.models import Order

Status = Participant.Status


@in_transaction
def campaign_order_record(
    *, campaign: Campaign, order: Order, now: dt.datetime, outranked: Sequence[str] = ()
) -> None:
    """Count an order in a campaign, making its buyer a participant; once per order and campaign.

    `outranked` are the campaigns of the same exclusive group that lost it.
    What brought the buyer was recorded before, as touches. Where a kept order is the qualifying act,
    notes when this one will count as kept. Raises and locks as `participant_admit`.
    """
    participant = participant_admit(
        campaign=campaign, member_id=order.member_id, brought=Brought(), now=now
    ).participant
    if campaign.qualifying_act == Campaign.QualifyingAct.JOIN:
        confirmed = participants_confirm(campaign=campaign, member_ids=[order.member_id], now=now)
        participant = confirmed[0] if confirmed else participant
    if campaign.qualifying_act == Campaign.QualifyingAct.ORDER:
        Participant.objects.filter(
            pk=participant.pk, status=Status.PROVISIONAL, qualifies_at=None
        ).update(qualifies_at=order.occurred_at + campaign.keep_window)
    counted = CampaignOrder(
        campaign=campaign,
        order=order,
        participant=participant,
        circumstances=circumstances(
            order.member_id,
            channel=participant.circumstances.get("channel", ""),
            order=order,
        ),
        outranked=list(outranked),
    )
    CampaignOrder.objects.bulk_create([counted], ignore_conflicts=True)
    if participant.status == Status.CONFIRMED:
        friends_count(referees=[participant], kind=Trigger.FRIEND_BOUGHT, now=now)


@in_transaction
def campaign_act_record(
    *,
    campaign: Campaign,
    member_id: int,
    kind: Trigger,
    key: str,
    occurred_at: dt.datetime,
    now: dt.datetime,
    tier: str | None = None,
) -> Act | None:
    """Count an act of a member in a campaign, once per `key`; None when it does not count.

    Where the campaign enrols everybody and admits newcomers, it makes them a participant; else only
    who joined before the act counts. `tier` is the one reached, else the member's present one. Locks
    as `participant_admit`.
    """
    participant = participant_of(campaign, member_id)
    admits = participant is not None or (is_running(campaign, now) and admits_newcomers(campaign))
    if campaign.enrolment == Campaign.Enrolment.EVERYONE and admits:
        try:
            with transaction.atomic():
                participant_admit(
                    campaign=campaign, member_id=member_id, brought=Brought(), now=now
                )
        except CampaignFull:  # its budget was used up at this moment
            return None
        if campaign.qualifying_act == Campaign.QualifyingAct.JOIN:
            participants_confirm(campaign=campaign, member_ids=[member_id], now=now)
        participant = participant_of(campaign, member_id)
    if participant is None:
        return None
    if campaign.enrolment != Campaign.Enrolment.EVERYONE and participant.joined_at > occurred_at:
        return None
    then = circumstances(member_id, channel=participant.circumstances.get("channel", ""))
    return act_insert(
        Act(
            campaign=campaign,
            participant=participant,
            kind=kind,
            key=key,
            circumstances=then if tier is None else {**then, "tier": tier},
            occurred_at=occurred_at,
        )
    )

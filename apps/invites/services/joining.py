"""Joining a campaign, and asking for a link to share."""

import datetime as dt

from apps.campaigns.models import Campaign
from apps.core.transactions import in_transaction
from apps.invites.models import Link, Participant
from apps.invites.selectors import Brought
from apps.invites.services.admitting import participant_admit
from apps.invites.services.confirming import participants_confirm
from apps.invites.services.links import link_get_or_create


@in_transaction
def campaign_join(
    *, campaign: Campaign, member_id: int, brought: Brought, now: dt.datetime
) -> tuple[Participant, bool]:
    """Join a campaign; (participant, whether they are new here). Again changes nothing more.

    Confirms the participant where joining is the qualifying act. Raises what `participant_admit`
    and `touch_record` raise. Locks as `participant_admit`.
    """
    admission = participant_admit(campaign=campaign, member_id=member_id, brought=brought, now=now)
    participant = admission.participant
    if campaign.qualifying_act == Campaign.QualifyingAct.JOIN:
        participants_confirm(campaign=campaign, member_ids=[member_id], now=now)
        participant.refresh_from_db()
    return participant, admission.created


@in_transaction
def campaign_link(
    *, campaign: Campaign, member_id: int, brought: Brought, now: dt.datetime, room: str = ""
) -> tuple[Link, bool]:
    """The member's link to a campaign, or to a `room` of it, making them a participant.

    Returns (link, created). Raises and locks as `participant_admit`.
    """
    admission = participant_admit(campaign=campaign, member_id=member_id, brought=brought, now=now)
    return link_get_or_create(participant=admission.participant, room=room)

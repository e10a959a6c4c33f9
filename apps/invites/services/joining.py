"""Joining a campaign, and asking for a link to share."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from psycopg.types.json import Jsonb

from apps.campaigns.models import Campaign
from apps.core import nudges, statements
from apps.core.replies import ASKED, KEEP, Asked
from apps.core.transactions import in_transaction
from apps.invites.models import Link, Participant
from apps.invites.selectors import Brought
from apps.invites.services.admitting import participant_admit
from apps.invites.services.at_once import admission_foresee
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


@dataclass(frozen=True)
class Joining:
    """A newcomer, but for their place in the chain: the statement finds it."""

    id: str
    brought: bool
    joined_at: dt.datetime
    confirmed_at: dt.datetime | None


# Where the campaign was paused or stopped since the look, nobody comes.
_JOIN = """
WITH {asked}, place AS MATERIALIZED (
  SELECT campaign.id FROM asked, campaigns_campaign campaign
  WHERE campaign.id = %(campaign_id)s::bigint AND campaign.stopped_at IS NULL
    AND campaign.status = %(campaign_status)s
), {admitted}, {keep}
SELECT generation, variant FROM participant
"""
_KEEP = KEEP.format(
    status=201,
    body="""%(body)s::jsonb
      || jsonb_build_object('generation', generation, 'variant', variant)""",
    source="participant",
)


def campaign_join_and_reply(
    *,
    campaign_id: int,
    member_id: int,
    brought: Brought,
    now: dt.datetime,
    reply: Asked,
    body: Callable[[Joining], dict[str, Any]],
) -> dict[str, Any] | None:
    """All that a newcomer's request to join does, in one look, one write and one commit.

    Where it is the first under its key and `admission_foresee` foresees it: then the reply, `body`
    with the place in the chain; else nothing is done, and None. Raises IntegrityError when a twin was
    faster. Locks the referrer (KEY SHARE).
    """
    came = admission_foresee(
        campaign_id=campaign_id, member_id=member_id, brought=brought, now=now, joins=True
    )
    if came is None or not came.comes:
        return None
    confirmed_at = came.parameters["confirmed_at"]
    shown = body(Joining(came.comes, came.brought, now, confirmed_at))
    statement = _JOIN.format(asked=ASKED, admitted=", ".join(came.parts), keep=_KEEP)
    rows = statements.run(
        statement,
        came.parameters
        | reply.parameters()
        | {"campaign_status": came.campaign.status, "body": Jsonb(shown)},
    )
    if not rows:
        return None
    transaction.on_commit(nudges.nudge_processor)
    [(generation, variant)] = rows
    return shown | {"generation": generation, "variant": variant}


@in_transaction
def campaign_link(
    *,
    campaign: Campaign,
    member_id: int,
    brought: Brought,
    now: dt.datetime,
    room: str = "",
    channel: str = "",
) -> tuple[Link, bool]:
    """The member's link to a campaign, or to a `room` of it, making them a participant.

    Returns (link, created). Raises and locks as `participant_admit` and `link_get_or_create`.
    """
    admission = participant_admit(campaign=campaign, member_id=member_id, brought=brought, now=now)
    return link_get_or_create(participant=admission.participant, room=room, channel=channel)

"""Who brought whom, of what was heard."""

import datetime as dt
from collections.abc import Iterable

from apps.campaigns.models import Campaign
from apps.invites.models import Link, Participant, Touch
from apps.invites.rules import BINDING, Attribution, Candidate, Source, attribute
from apps.invites.selectors.bringing import Heard

# A touch that is only supposed comes after all that are kept.
SUPPOSED = 2**63


def attribution_of(
    campaign: Campaign, member_id: int, *, now: dt.datetime, supposed: Iterable[Heard] = ()
) -> Attribution:
    """Who brought a member to a campaign, by the touches that are kept and those supposed besides."""
    besides = [
        _candidate(SUPPOSED, row)
        for row in supposed
        if row.link.participant.campaign_id == campaign.pk
    ]
    return attribution_among(
        [*kept_candidates(campaign, member_id), *besides], campaign, member_id, now
    )


def attribution_among(
    candidates: Iterable[Candidate], campaign: Campaign, member_id: int, now: dt.datetime
) -> Attribution:
    """Who of these brought a member to a campaign, as the campaign decides it."""
    return attribute(
        list(candidates),
        member=member_id,
        now=now,
        window=campaign.attribution_window,
        first=campaign.attribution == Campaign.Attribution.FIRST,
    )


def kept_candidates(campaign: Campaign, member_id: int) -> list[Candidate]:
    """A member's touches in a campaign, as a decision sees them."""
    rows = Touch.objects.filter(campaign=campaign, member_id=member_id)
    return [
        _candidate(row.pk, Heard(row.link, Source(row.source), row.touched_at, row.visit))
        for row in rows.select_related("link__participant", "visit")
    ]


def _candidate(touch: int, row: Heard) -> Candidate:
    return Candidate(
        touch=touch,
        source=row.source,
        referrer=row.link.participant_id,
        referrer_member=row.link.participant.member_id,
        touched_at=row.at,
        counted=row.visit is None or row.visit.skipped in BINDING,
        revoked=row.link.revoked_at is not None,
        channel=row.visit.channel if row.visit else "",
        link=row.link.pk,
    )


def may_move(participant: Participant) -> bool:
    """Whether a better touch may still replace the referrer: not confirmed, brought nobody, and no
    operator has decided."""
    return (
        participant.status == Participant.Status.PROVISIONAL
        and not participant.referees.exists()
        and not participant.overrides.exists()
    )


def inviter_by(link: Link | None, campaign: Campaign, member_id: int) -> Participant | None:
    """Whose link somebody came by, when it is one of this campaign, not revoked, and not their own."""
    if link is None or link.revoked_at is not None:
        return None
    owner = link.participant
    theirs = owner.campaign_id == campaign.pk and owner.member_id != member_id
    return owner if theirs else None

"""Becoming a participant, and being brought by somebody.

The forest stays a forest because a participant with referees never changes their referrer, and a new
one has none. The trigger `participant_referrer_guard` holds what this code promises.
"""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from apps.campaigns.models import Budget, Campaign
from apps.campaigns.rules import draw_variant
from apps.campaigns.selectors import (
    budget_of,
    is_shown,
    partners_among,
    variants_of,
)
from apps.campaigns.services import CampaignNotRunning
from apps.core.errors import Conflict
from apps.core.transactions import in_transaction
from apps.invites import events
from apps.invites.models import Link, Participant
from apps.invites.rules import Attribution
from apps.invites.selectors import Brought, attribution_of, circumstances, draw_of, may_move
from apps.invites.services.confirming import participant_report
from apps.invites.services.touches import coupon_touches_keep, touch_record
from apps.invites.services.traces import trace_keep
from apps.members.models import Member

Status = Participant.Status


class CodeOfOtherCampaign(Conflict):
    code = "code_of_other_campaign"
    message = "This code belongs to another campaign."


class CampaignFull(Conflict):
    code = "campaign_full"
    message = "This campaign admits nobody new: its budget serves those who already joined."


@dataclass(frozen=True)
class Admission:
    """What a door got: the participant, whether they are new here, and the link they came by now."""

    participant: Participant
    created: bool
    link: Link | None


@in_transaction
def participant_admit(
    *, campaign: Campaign, member_id: int, brought: Brought, now: dt.datetime
) -> Admission:
    """Make a member a participant, or let a better touch replace a provisional one's referrer.

    Every door calls this: joining, asking for a link, holding or paying a seat, an order in the
    campaign. A seed keeps the variant they drew before; below somebody it is the tree's, and who had
    drawn another one has crossed. Raises CampaignNotRunning for somebody new when the campaign is
    neither running nor pre-heated, CampaignFull when only the budget's tail is left;
    CodeOfOtherCampaign, and what `touch_record` raises. Locks the future referrer (KEY SHARE), or
    both participants (UPDATE) in pk order when a referrer changes.
    """
    link = touch_record(member_id=member_id, brought=brought, now=now)
    if brought.code and link is not None and link.participant.campaign_id != campaign.pk:
        raise CodeOfOtherCampaign(pointer="/code")
    participant = _find(campaign, member_id)
    if participant is None or participant.status == Status.PROVISIONAL:
        coupon_touches_keep(campaign=campaign, member_id=member_id, now=now)
    if participant is None:
        if refusal := newcomers_refused(campaign, budget_of(campaign), now):
            raise refusal
        participant, created = _insert(campaign, member_id, now)
        return Admission(participant, created, link)
    participant.campaign = campaign
    if participant.status == Status.PROVISIONAL:
        _reconsider(participant, campaign, now)
    _note_crossing(participant)
    return Admission(participant, False, link)


def newcomers_refused(
    campaign: Campaign, budget: Budget | None, now: dt.datetime
) -> CampaignNotRunning | CampaignFull | None:
    """Why a campaign lets nobody new in; None where it does."""
    if not is_shown(campaign, now):
        return CampaignNotRunning()
    if budget is not None and not budget.admits_newcomers:
        return CampaignFull()
    return None


def _find(campaign: Campaign, member_id: int) -> Participant | None:
    return Participant.objects.filter(campaign=campaign, member_id=member_id).first()


def _insert(campaign: Campaign, member_id: int, now: dt.datetime) -> tuple[Participant, bool]:
    decided = attribution_of(campaign, member_id, now=now)
    assert campaign.published_version is not None  # a running campaign has a version
    drawn_before = _drawn_before(campaign, member_id)
    place = (
        _place_below(decided.winner.referrer)
        if decided.winner
        else _Place(None, None, 0, drawn_before or _drawn(campaign, member_id))
    )
    participant = Participant(
        campaign=campaign,
        member_id=member_id,
        referrer_id=place.referrer,
        link_id=decided.winner.link if decided.winner else None,
        root_id=place.root,
        generation=place.generation,
        variant=place.variant,
        crossed=bool(drawn_before) and drawn_before != place.variant,
        version=campaign.published_version,
        joined_at=now,
        circumstances=circumstances(member_id, channel=_channel(decided)),
    )
    Participant.objects.bulk_create([participant], ignore_conflicts=True)
    stored = Participant.objects.get(campaign=campaign, member_id=member_id)
    stored.campaign = campaign
    if stored.public_id != participant.public_id:
        return stored, False  # the same member came through another door at this moment
    _keep_trace(stored, decided, now)
    participant_report(events.JOINED, stored, now)
    return stored, True


class _Place(NamedTuple):
    referrer: int | None
    root: int | None
    generation: int
    variant: str


def _place_below(referrer_id: int) -> _Place:
    """The place of a new leaf. KEY SHARE: the referrer cannot move meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id, coalesce(root_id, id), generation + 1, variant FROM invites_participant
               WHERE id = %s FOR KEY SHARE""",
            [referrer_id],
        )
        return _Place(*cursor.fetchone())


def _drawn_before(campaign: Campaign, member_id: int) -> str:
    """The variant a newcomer drew before they joined, if the present version still has it.

    Partners are in no draw: one they told counts as none.
    """
    assert campaign.published_version is not None
    variants = variants_of(campaign.published_version)
    drawn = draw_of(campaign, member_id) if variants else ""
    if drawn not in {variant.key for variant in variants} or partners_among([member_id]):
        return ""
    return drawn


def _note_crossing(participant: Participant) -> None:
    """Mark who, as is told only now, had drawn another variant before their own."""
    if not participant.variant or participant.crossed:
        return
    if draw_of(participant.campaign, participant.member_id) not in ("", participant.variant):
        Participant.objects.filter(pk=participant.pk).update(crossed=True)
        participant.crossed = True


def _drawn(campaign: Campaign, member_id: int) -> str:
    """The variant of a new seed who drew none before; "" for a partner."""
    assert campaign.published_version is not None
    variants = variants_of(campaign.published_version)
    if not variants or partners_among([member_id]):
        return ""
    seed = Member.objects.values_list("public_id", flat=True).get(pk=member_id)
    return draw_variant(campaign.public_id, seed, variants)


def _channel(decided: Attribution) -> str:
    return decided.winner.channel if decided.winner else ""


def _reconsider(participant: Participant, campaign: Campaign, now: dt.datetime) -> None:
    decided = attribution_of(campaign, participant.member_id, now=now)
    if decided.winner is None or decided.winner.referrer == participant.referrer_id:
        return
    winner = decided.winner.referrer
    # A plain FOR UPDATE, not NO KEY: somebody new below either of the two must wait.
    both = Participant.objects.select_for_update(of=("self",)).filter(
        pk__in=[participant.pk, winner]
    )
    locked = {row.pk: row for row in both.order_by("pk")}
    current = locked[participant.pk]
    if not may_move(current):
        return
    above = locked[winner]
    Participant.objects.filter(pk=participant.pk).update(
        referrer=above,
        link_id=decided.winner.link,
        root_id=above.root_id or above.pk,
        generation=above.generation + 1,
        variant=above.variant,
        crossed=current.crossed or above.variant != current.variant,
    )
    participant.refresh_from_db()
    participant.campaign = campaign
    _keep_trace(participant, decided, now)
    participant_report(events.BROUGHT, participant, now, moved=True)


def _keep_trace(participant: Participant, decided: Attribution, now: dt.datetime) -> None:
    if not decided.judged:
        return  # nobody was in question
    trace_keep(participant, decided, now)

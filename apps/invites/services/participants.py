"""Becoming a participant, being brought by somebody, and being confirmed.

The forest stays a forest because a participant with referees never changes their referrer, and a new
one has none. The trigger `participant_referrer_guard` holds what this code promises.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import is_running
from apps.campaigns.services import CampaignNotRunning
from apps.core.clock import EngineNow
from apps.core.errors import Conflict
from apps.core.services import event_record
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.invites import events
from apps.invites.models import CampaignOrder, Link, Participant, Touch, Trace
from apps.invites.rules import Attribution, Candidate, Source, attribute
from apps.invites.selectors import Brought
from apps.invites.services.links import link_get_or_create
from apps.invites.services.touches import touch_record
from apps.orders.models import Order

Status = Participant.Status


class CodeOfOtherCampaign(Conflict):
    code = "code_of_other_campaign"
    message = "This code belongs to another campaign."


@dataclass(frozen=True)
class Admission:
    """What a door got: the participant, whether they are new here, and the link they came by now."""

    participant: Participant
    created: bool
    link: Link | None


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


@in_transaction
def participant_admit(
    *, campaign: Campaign, member_id: int, brought: Brought, now: dt.datetime
) -> Admission:
    """Make a member a participant, or let a better touch replace a provisional one's referrer.

    Every door calls this: joining, asking for a link, holding or paying a seat, an order in the
    campaign. Raises CampaignNotRunning for somebody new when the
    campaign is not running; CodeOfOtherCampaign, LinkUnknown, OwnCode, VisitTokenInvalid. Locks the
    future referrer (KEY SHARE), or both participants (UPDATE) in pk order when a referrer changes.
    """
    link = touch_record(member_id=member_id, brought=brought, now=now)
    if brought.code and link is not None and link.participant.campaign_id != campaign.pk:
        raise CodeOfOtherCampaign(pointer="/code")
    participant = _find(campaign, member_id)
    if participant is None:
        if not is_running(campaign, now):
            raise CampaignNotRunning()
        participant, created = _insert(campaign, member_id, now)
        return Admission(participant, created, link)
    participant.campaign = campaign
    if participant.status == Status.PROVISIONAL:
        _reconsider(participant, campaign, now)
    return Admission(participant, False, link)


def _find(campaign: Campaign, member_id: int) -> Participant | None:
    return Participant.objects.filter(campaign=campaign, member_id=member_id).first()


def _attribution(campaign: Campaign, member_id: int, now: dt.datetime) -> Attribution:
    touches = Touch.objects.filter(campaign=campaign, member_id=member_id).select_related(
        "link__participant", "visit"
    )
    candidates = [
        Candidate(
            touch=touch.pk,
            source=Source(touch.source),
            referrer=touch.link.participant_id,
            referrer_member=touch.link.participant.member_id,
            touched_at=touch.touched_at,
            counted=touch.visit is None or not touch.visit.skipped,
            revoked=touch.link.revoked_at is not None,
        )
        for touch in touches
    ]
    return attribute(
        candidates,
        member=member_id,
        now=now,
        window=campaign.attribution_window,
        first=campaign.attribution == Campaign.Attribution.FIRST,
    )


def _insert(campaign: Campaign, member_id: int, now: dt.datetime) -> tuple[Participant, bool]:
    decided = _attribution(campaign, member_id, now)
    place = _place_below(decided.winner.referrer) if decided.winner else (None, None, 0)
    referrer_id, root_id, generation = place
    assert campaign.published_version_id is not None  # a running campaign has a version
    participant = Participant(
        campaign=campaign,
        member_id=member_id,
        referrer_id=referrer_id,
        root_id=root_id,
        generation=generation,
        version_id=campaign.published_version_id,
        joined_at=now,
    )
    Participant.objects.bulk_create([participant], ignore_conflicts=True)
    stored = Participant.objects.get(campaign=campaign, member_id=member_id)
    stored.campaign = campaign
    if stored.public_id != participant.public_id:
        return stored, False  # the same member came through another door at this moment
    _keep_trace(stored, decided, now)
    _report(events.JOINED, stored, now)
    return stored, True


def _place_below(referrer_id: int) -> tuple[int, int, int]:
    """(referrer, root, generation) of a new leaf. KEY SHARE: the referrer cannot move meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id, coalesce(root_id, id), generation + 1 FROM invites_participant
               WHERE id = %s FOR KEY SHARE""",
            [referrer_id],
        )
        place: tuple[int, int, int] = cursor.fetchone()
        return place


def _reconsider(participant: Participant, campaign: Campaign, now: dt.datetime) -> None:
    decided = _attribution(campaign, participant.member_id, now)
    if decided.winner is None or decided.winner.referrer == participant.referrer_id:
        return
    winner = decided.winner.referrer
    # A plain FOR UPDATE, not NO KEY: somebody new below either of the two must wait.
    both = Participant.objects.select_for_update(of=("self",)).filter(
        pk__in=[participant.pk, winner]
    )
    locked = {row.pk: row for row in both.order_by("pk")}
    current = locked[participant.pk]
    if current.status != Status.PROVISIONAL or current.referees.exists():
        return
    above = locked[winner]
    Participant.objects.filter(pk=participant.pk).update(
        referrer=above, root_id=above.root_id or above.pk, generation=above.generation + 1
    )
    participant.refresh_from_db()
    participant.campaign = campaign
    _keep_trace(participant, decided, now)
    _report(events.BROUGHT, participant, now, moved=True)


def _keep_trace(participant: Participant, decided: Attribution, now: dt.datetime) -> None:
    if not decided.judged:
        return  # nobody was in question
    Trace.objects.create(
        participant=participant,
        decided_at=now,
        referrer_id=participant.referrer_id,
        candidates=[
            {
                "touch": judged.candidate.touch,
                "source": judged.candidate.source,
                "referrer": judged.candidate.referrer,
                "touched_at": judged.candidate.touched_at.isoformat(),
                "verdict": judged.verdict,
            }
            for judged in decided.judged
        ],
    )


def _report(kind: str, participant: Participant, now: dt.datetime, *, moved: bool = False) -> None:
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

    Called by whatever completes the qualifying act, in its transaction. Locks them in pk order.
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
        participant.campaign = campaign
        _report(events.CONFIRMED, participant, now)
    return confirmed


@in_transaction
def campaign_order_record(*, campaign: Campaign, order: Order, now: dt.datetime) -> None:
    """Count an order in a campaign, making its buyer a participant; once per order and campaign.

    What brought the buyer was recorded before, as touches. Where a kept order is the qualifying act,
    notes when this one will count as kept. Raises and locks as `participant_admit`.
    """
    participant = participant_admit(
        campaign=campaign, member_id=order.member_id, brought=Brought(), now=now
    ).participant
    if campaign.qualifying_act == Campaign.QualifyingAct.JOIN:
        participants_confirm(campaign=campaign, member_ids=[order.member_id], now=now)
    if campaign.qualifying_act == Campaign.QualifyingAct.ORDER:
        Participant.objects.filter(
            pk=participant.pk, status=Status.PROVISIONAL, qualifies_at=None
        ).update(qualifies_at=order.occurred_at + campaign.keep_window)
    counted = CampaignOrder(campaign=campaign, order=order, participant=participant)
    CampaignOrder.objects.bulk_create([counted], ignore_conflicts=True)


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

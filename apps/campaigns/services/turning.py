"""A campaign's life: scheduled, running, paused, ended; and the emergency stop."""

import datetime as dt

from django.db.models import Q

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import CampaignUnknown
from apps.core.clock import EngineNow, engine_now
from apps.core.errors import Conflict
from apps.core.services import event_record
from apps.core.transactions import in_transaction

Status = Campaign.Status


class CampaignNotRunning(Conflict):
    code = "campaign_not_running"
    message = "This campaign is not running."


class CampaignTurnRefused(Conflict):
    code = "campaign_turn_refused"


@in_transaction
def campaign_pause(*, campaign_id: int) -> None:
    """Admit nobody new until it is resumed; what was promised is kept. Locks the campaign."""
    _turn(campaign_id, (Status.SCHEDULED, Status.RUNNING), Status.PAUSED)


@in_transaction
def campaign_resume(*, campaign_id: int) -> None:
    """Let a paused campaign go on; before its start it is scheduled again. Locks the campaign."""
    _turn(campaign_id, (Status.PAUSED,), Status.RUNNING)


@in_transaction
def campaign_end(*, campaign_id: int) -> None:
    """End a campaign for good; what was promised is kept, later orders earn nothing.

    Locks the campaign.
    """
    _turn(campaign_id, (Status.SCHEDULED, Status.RUNNING, Status.PAUSED), Status.ENDED)


def _turn(campaign_id: int, allowed: tuple[Status, ...], to: Status) -> None:
    campaign = campaign_lock(campaign_id)
    if campaign.status not in allowed:
        raise CampaignTurnRefused(f"A campaign that is {campaign.status} cannot become {to}.")
    at = engine_now()
    waits = to == Status.RUNNING and campaign.starts_at > at
    campaign.status = Status.SCHEDULED if waits else to
    if to == Status.ENDED:
        campaign.ends_at = _window_closed_at(campaign, at)
    campaign.save(update_fields=["status", "ends_at"])
    event_record(
        key=f"campaign.{to}:{campaign.public_id}:{at.isoformat()}",
        kind=f"campaign.{to}",
        payload={"campaign": campaign.public_id},
        occurred_at=at,
        is_test=campaign.is_test,
    )


def _window_closed_at(campaign: Campaign, at: dt.datetime) -> dt.datetime:
    """`at`, unless the window closes earlier; one that never began is left a moment wide."""
    earliest = max(at, campaign.starts_at + dt.timedelta(microseconds=1))
    return min(campaign.ends_at, earliest) if campaign.ends_at else earliest


def campaign_lock(campaign_id: int) -> Campaign:
    """The campaign, its row locked. Raises CampaignUnknown."""
    campaign = (
        Campaign.objects.select_for_update(of=("self",), no_key=True).filter(pk=campaign_id).first()
    )
    if campaign is None:
        raise CampaignUnknown()
    return campaign


def campaigns_turn() -> int:
    """Start the campaigns whose time has come and end those whose time is over; how many."""
    started = Campaign.objects.filter(status=Status.SCHEDULED, starts_at__lte=EngineNow()).update(
        status=Status.RUNNING
    )
    ended = Campaign.objects.filter(
        Q(status=Status.RUNNING) | Q(status=Status.PAUSED), ends_at__lte=EngineNow()
    ).update(status=Status.ENDED)
    return started + ended


@in_transaction
def emergency_stop(*, now: dt.datetime) -> int:
    """Stop every campaign of the shop that has not ended; how many.

    Nobody is admitted, no room opens, no seat is held, no hold ends, until `emergency_lift`. Orders
    and refunds are still recorded, and what they promise waits. Again it stops what began since.
    Locks the campaigns' rows.
    """
    stopped = Campaign.objects.stoppable().filter(stopped_at=None).update(stopped_at=now)
    _report_emergency("stopped", stopped, now)
    return stopped


@in_transaction
def emergency_lift(*, now: dt.datetime) -> int:
    """Let every stopped campaign go on where it was; how many. Locks their rows."""
    lifted = Campaign.objects.exclude(stopped_at=None).update(stopped_at=None)
    _report_emergency("lifted", lifted, now)
    return lifted


def _report_emergency(turn: str, campaigns: int, now: dt.datetime) -> None:
    if campaigns:
        event_record(
            key=f"emergency.{turn}:{now.isoformat()}",
            kind=f"emergency.{turn}",
            payload={"campaigns": campaigns},
            occurred_at=now,
        )

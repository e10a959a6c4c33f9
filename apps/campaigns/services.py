"""Publishing and turning campaigns, and the only writers of their budgets."""

import datetime as dt
from dataclasses import asdict

from django.db.models import F, Q

from apps.campaigns import events
from apps.campaigns.models import Budget, Campaign, Policy, Version
from apps.campaigns.rules import Beneficiary, PolicyTerms, Trigger
from apps.campaigns.selectors import CampaignUnknown
from apps.core.clock import EngineNow, engine_now
from apps.core.errors import Conflict, Invalid
from apps.core.services import event_record
from apps.core.transactions import in_transaction

Status = Campaign.Status


class CampaignNotRunning(Conflict):
    code = "campaign_not_running"
    message = "This campaign is not running."


class CampaignWithoutPolicies(Invalid):
    code = "campaign_without_policies"
    message = "A campaign needs at least one policy before it is published."


class CampaignTurnRefused(Conflict):
    code = "campaign_turn_refused"


@in_transaction
def campaign_publish(*, campaign_id: int, now: dt.datetime) -> Version:
    """Freeze the policies as the next version and let the campaign run inside its window.

    Publishing again is how an operator changes a running campaign: new participants get the new
    version, everybody else keeps theirs. Raises CampaignWithoutPolicies, CampaignTurnRefused for an
    ended campaign. Locks the campaign.
    """
    campaign = _locked(campaign_id)
    if campaign.status == Status.ENDED:
        raise CampaignTurnRefused("An ended campaign cannot be published again. Copy it.")
    terms = [_terms_of(policy) for policy in campaign.policies.order_by("pk")]
    if not terms:
        raise CampaignWithoutPolicies()
    version = Version.objects.create(
        campaign=campaign,
        number=campaign.versions.count() + 1,
        policies=[asdict(policy) for policy in terms],
        published_at=now,
    )
    Budget.objects.get_or_create(campaign=campaign)
    if campaign.status == Status.DRAFT:
        campaign.status = Status.RUNNING if campaign.starts_at <= now else Status.SCHEDULED
    campaign.published_version = version
    campaign.save(update_fields=["status", "published_version"])
    event_record(
        key=f"{events.PUBLISHED}:{campaign.public_id}:{version.number}",
        kind=events.PUBLISHED,
        payload={"campaign": campaign.public_id, "version": version.number},
        occurred_at=now,
        is_test=campaign.is_test,
    )
    return version


def _terms_of(policy: Policy) -> PolicyTerms:
    return PolicyTerms(
        policy=policy.public_id,
        name=policy.name,
        trigger=Trigger(policy.trigger),
        beneficiary=Beneficiary(policy.beneficiary),
        points=policy.points,
        share_bps=policy.share_bps,
        first_order_only=policy.first_order_only,
        min_order_minor=policy.min_order_minor,
        hold_seconds=policy.hold_seconds,
        cap_per_member=policy.cap_per_member,
        cap_per_day=policy.cap_per_day,
        cap_per_campaign=policy.cap_per_campaign,
    )


@in_transaction
def campaign_pause(*, campaign_id: int) -> None:
    """Admit nobody new until it is resumed; what was promised is kept. Locks the campaign."""
    _turn(campaign_id, (Status.SCHEDULED, Status.RUNNING), Status.PAUSED)


@in_transaction
def campaign_resume(*, campaign_id: int) -> None:
    """Let a paused campaign go on. Locks the campaign."""
    _turn(campaign_id, (Status.PAUSED,), Status.RUNNING)


@in_transaction
def campaign_end(*, campaign_id: int) -> None:
    """End a campaign for good; what was promised is kept, later orders earn nothing.

    Locks the campaign.
    """
    _turn(campaign_id, (Status.SCHEDULED, Status.RUNNING, Status.PAUSED), Status.ENDED)


def _turn(campaign_id: int, allowed: tuple[Status, ...], to: Status) -> None:
    campaign = _locked(campaign_id)
    if campaign.status not in allowed:
        raise CampaignTurnRefused(f"A campaign that is {campaign.status} cannot become {to}.")
    at = engine_now()
    campaign.status = to
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


def _locked(campaign_id: int) -> Campaign:
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
def budget_reserve(*, campaign_id: int, cost_minor: int) -> bool:
    """Set `cost_minor` aside for a grant; False, and nothing changed, when it does not fit.

    One conditional UPDATE; locks the budget row, which is the last lock of a transaction.
    """
    fits = Q(amount_minor=None) | Q(
        amount_minor__gte=F("reserved_minor") + F("spent_minor") + cost_minor
    )
    changed = Budget.objects.filter(fits, campaign_id=campaign_id).update(
        reserved_minor=F("reserved_minor") + cost_minor
    )
    return changed == 1


@in_transaction
def budget_spend(*, campaign_id: int, cost_minor: int) -> None:
    """Turn a reservation into spending. Locks the budget row."""
    Budget.objects.filter(campaign_id=campaign_id).update(
        reserved_minor=F("reserved_minor") - cost_minor, spent_minor=F("spent_minor") + cost_minor
    )


@in_transaction
def budget_free(*, campaign_id: int, reserved_minor: int = 0, spent_minor: int = 0) -> None:
    """Give back what was reserved for a void grant, or spent on one clawed back. Locks the budget."""
    Budget.objects.filter(campaign_id=campaign_id).update(
        reserved_minor=F("reserved_minor") - reserved_minor,
        spent_minor=F("spent_minor") - spent_minor,
    )

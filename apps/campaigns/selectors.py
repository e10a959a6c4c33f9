"""Reading campaigns and the terms of their versions."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Min, Q, QuerySet, Sum

from apps.campaigns import events
from apps.campaigns.models import (
    Audience,
    AudienceMember,
    AudienceSpell,
    Budget,
    Campaign,
    CampaignCost,
    ComplianceOverride,
    Version,
)
from apps.campaigns.rules import (
    Beneficiary,
    PolicyTerms,
    Trigger,
    VariantTerms,
    qualifies,
    terms_from_json,
)
from apps.core.errors import NotFound
from apps.core.models import Event, EventQuerySet


class AudienceUnknown(NotFound):
    code = "audience_unknown"
    message = "There is no such audience."


class CostUnknown(NotFound):
    code = "cost_unknown"
    message = "There is no such cost."


class CampaignUnknown(NotFound):
    code = "campaign_unknown"
    message = "There is no such campaign."


def campaign_by_public_id(public_id: str, *, is_test: bool | None = None) -> Campaign:
    """The published campaign with this id, in live or test mode (None: either).

    Raises CampaignUnknown, also for drafts: nobody outside sees them.
    """
    found = Campaign.objects.exclude(status=Campaign.Status.DRAFT).filter(public_id=public_id)
    if is_test is not None:
        found = found.filter(is_test=is_test)
    campaign = found.first()
    if campaign is None:
        raise CampaignUnknown(f"There is no campaign {public_id}.")
    return campaign


def was_running(campaign: Campaign, at: dt.datetime) -> bool:
    """Whether the campaign's window [starts_at, ends_at) holds `at`, whatever its status is by now."""
    return campaign.starts_at <= at and (campaign.ends_at is None or at < campaign.ends_at)


def was_shown(campaign: Campaign, at: dt.datetime) -> bool:
    """Whether `at` lies in the window or in the pre-heating before it."""
    opens_at = campaign.shown_from or campaign.starts_at
    return opens_at <= at and (campaign.ends_at is None or at < campaign.ends_at)


def in_time(campaign: Campaign, version: Version, joined_at: dt.datetime, at: dt.datetime) -> bool:
    """Whether an act at `at` of somebody who joined at `joined_at` may still earn by this version.

    Who joined during the pre-heating joined when the campaign starts.
    """
    return qualifies(
        joined_at=max(joined_at, campaign.starts_at),
        acted_at=at,
        window=version.qualification_window,
    )


def is_running(campaign: Campaign, at: dt.datetime) -> bool:
    """Whether the campaign runs at this moment: published, in its window, not paused or stopped."""
    return _is_live(campaign) and was_running(campaign, at)


def is_shown(campaign: Campaign, at: dt.datetime) -> bool:
    """Whether people may share it and join: it runs, or is being pre-heated."""
    return _is_live(campaign) and was_shown(campaign, at)


def _is_live(campaign: Campaign) -> bool:
    published = (Campaign.Status.SCHEDULED, Campaign.Status.RUNNING)
    return campaign.status in published and campaign.stopped_at is None


def state_of(campaign: Campaign, at: dt.datetime) -> str:
    """A campaign's state in an operator's words: its status, "stopped", or "pre-heating"."""
    over = campaign.status in (Campaign.Status.DRAFT, Campaign.Status.ENDED)
    if campaign.stopped_at is not None and not over:
        return "stopped"
    if campaign.status == Campaign.Status.SCHEDULED and was_shown(campaign, at):
        return "pre-heating" if at < campaign.starts_at else campaign.status
    return campaign.status


@dataclass(frozen=True)
class Halt:
    """That a campaign was paused, or under the emergency stop, and since when."""

    stopped: bool
    since: dt.datetime


def halted_at(campaign: Campaign, at: dt.datetime) -> Halt | None:
    """Whether a campaign was paused or stopped at a moment, as far as the log of events tells."""
    stop = _last_turn(Event.objects.all(), at, events.STOPPED, events.LIFTED)
    if stop is not None and stop.kind == events.STOPPED:
        # The stop is of everything that was published then; what came later was not stopped.
        if campaign.versions.filter(published_at__lte=stop.occurred_at).exists():
            return Halt(True, stop.occurred_at)
    own = Event.objects.filter(payload__campaign=campaign.public_id)
    pause = _last_turn(own, at, events.PAUSED, events.RESUMED)
    if pause is not None and pause.kind == events.PAUSED:
        return Halt(False, pause.occurred_at)
    return None


def _last_turn(rows: EventQuerySet, at: dt.datetime, *kinds: str) -> Event | None:
    return rows.filter(kind__in=kinds, occurred_at__lte=at).order_by("-occurred_at", "-pk").first()


@dataclass(frozen=True)
class Emergency:
    """The emergency stop as it stands: campaigns stopped since when, and those that are not."""

    stopped: int
    since: dt.datetime | None
    going_on: int


def emergency() -> Emergency:
    """Whether the shop is under the emergency stop. One query."""
    standing = Q(stopped_at__isnull=False)
    found = Campaign.objects.stoppable().aggregate(
        stopped=Count("pk", filter=standing),
        going_on=Count("pk", filter=~standing),
        since=Min("stopped_at"),
    )
    return Emergency(found["stopped"], found["since"], found["going_on"])


def overrides_of(campaign: Campaign) -> dict[tuple[str, str], ComplianceOverride]:
    """The reasons given against findings, by (finding, policy)."""
    rows = campaign.overrides.select_related("overridden_by").order_by("pk")
    return {(row.finding, row.policy): row for row in rows}


def costs_of(campaign: Campaign) -> QuerySet[CampaignCost]:
    """What the campaign cost outside its budget, reversals too, with who entered it."""
    rows = CampaignCost.objects.filter(campaign=campaign)
    return rows.select_related("campaign", "entered_by", "reversal", "reverses", "partner__profile")


def cost_by_public_id(campaign: Campaign, public_id: str) -> CampaignCost:
    """Raises CostUnknown, also for one of another campaign."""
    cost = CampaignCost.objects.filter(campaign=campaign, public_id=public_id).first()
    if cost is None:
        raise CostUnknown(f"The campaign has no cost {public_id}.")
    return cost


def fees_of(member_id: int, first: dt.date, until: dt.date) -> QuerySet[CampaignCost]:
    """A partner's fees whose first day lies in [first, until), without those that were taken back."""
    rows = CampaignCost.objects.filter(partner_id=member_id, reverses=None, reversal=None)
    return rows.filter(first_day__gte=first, first_day__lt=until).select_related("campaign")


def costs_minor(campaign: Campaign) -> int:
    """All of them together, in minor units; what was reversed is gone."""
    total = CampaignCost.objects.filter(campaign=campaign).aggregate(total=Sum("amount_minor"))
    return total["total"] or 0


def audience_by_public_id(public_id: str, *, is_test: bool) -> Audience:
    """Raises AudienceUnknown."""
    audience = Audience.objects.filter(public_id=public_id, is_test=is_test).first()
    if audience is None:
        raise AudienceUnknown(f"There is no audience {public_id}.")
    return audience


def admits_newcomers(campaign: Campaign) -> bool:
    """Whether more than the budget's tail is left, so that somebody new may join."""
    budget = budget_of(campaign)
    return budget is None or budget.admits_newcomers


def budget_of(campaign: Campaign) -> Budget | None:
    """The campaign's money; None where nothing limits it."""
    return Budget.objects.filter(campaign=campaign).first()


def terms_of(version: Version) -> tuple[PolicyTerms, ...]:
    """The policies frozen in a version."""
    return tuple(terms_from_json(row) for row in version.policies)


def variants_of(version: Version) -> tuple[VariantTerms, ...]:
    """The variants frozen in a version, in the order they are drawn by."""
    return tuple(VariantTerms(**row) for row in version.variants)


def is_holdout(version: Version, variant: str) -> bool:
    """Whether this variant of a version gets nothing, to compare with."""
    return any(row["is_holdout"] for row in version.variants if row["key"] == variant)


def campaigns_rewarding(trigger: Trigger, *, at: dt.datetime, is_test: bool) -> list[Campaign]:
    """The campaigns in whose window `at` lies and of which some version rewards `trigger`, by pk.

    Some version: who joined under an older one keeps what it promised.
    """
    rewarding = Version.objects.filter(policies__contains=[{"trigger": trigger}])
    published = Campaign.objects.exclude(status=Campaign.Status.DRAFT).filter(
        pk__in=rewarding.values("campaign"), is_test=is_test, starts_at__lte=at
    )
    return [campaign for campaign in published.order_by("pk") if was_running(campaign, at)]


def partners_among(member_ids: Iterable[int]) -> set[int]:
    """Those of these members who are on a list of partners, and so in no draw of variants."""
    rows = AudienceMember.objects.filter(member__in=list(member_ids), audience__of_partners=True)
    return set(rows.values_list("member_id", flat=True))


def lists_of(
    people: Mapping[Beneficiary, tuple[int, ...]], terms: Iterable[PolicyTerms], *, at: dt.datetime
) -> dict[int, tuple[str, ...]]:
    """Of the audiences that these terms ask beneficiaries about, those each of these people was on at
    a moment, by member. No query where none is asked about."""
    asked = {
        named
        for policy in terms
        for named in (policy.beneficiary_audience, policy.excluded_beneficiary_audience)
        if named
    }
    if not asked:
        return {}
    on_it = AudienceSpell.objects.filter(
        Q(until=None) | Q(until__gt=at),
        member__in={member for standing in people.values() for member in standing},
        since__lte=at,
        audience__public_id__in=asked,
    ).order_by("audience__public_id")
    found: dict[int, tuple[str, ...]] = {}
    for member, audience in on_it.values_list("member_id", "audience__public_id"):
        found[member] = (*found.get(member, ()), audience)
    return found


def audiences_of(member_id: int) -> tuple[str, ...]:
    """The public ids of the audiences a member is in now, sorted."""
    rows = AudienceMember.objects.filter(member_id=member_id)
    return tuple(sorted(rows.values_list("audience__public_id", flat=True)))

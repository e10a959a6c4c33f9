"""Reading campaigns and the terms of their versions."""

import datetime as dt

from apps.campaigns.models import Campaign, Version
from apps.campaigns.rules import Beneficiary, PolicyTerms, Trigger
from apps.core.errors import NotFound


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
    """Whether the campaign's window holds `at`, whatever its status is by now."""
    return campaign.starts_at <= at and (campaign.ends_at is None or at < campaign.ends_at)


def is_running(campaign: Campaign, at: dt.datetime) -> bool:
    """Whether the campaign admits somebody at this moment."""
    published = (Campaign.Status.SCHEDULED, Campaign.Status.RUNNING)
    return campaign.status in published and was_running(campaign, at)


def terms_of(version: Version) -> tuple[PolicyTerms, ...]:
    """The policies frozen in a version."""
    return tuple(
        PolicyTerms(
            **{
                **row,
                "trigger": Trigger(row["trigger"]),
                "beneficiary": Beneficiary(row["beneficiary"]),
            }
        )
        for row in version.policies
    )

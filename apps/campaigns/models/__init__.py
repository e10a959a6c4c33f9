"""What operators configure: campaigns, their policies, frozen versions, audiences and budgets."""

from apps.campaigns.models.audiences import Audience, AudienceMember, AudienceSpell
from apps.campaigns.models.budgets import WARN_AT_PERCENT, Budget
from apps.campaigns.models.campaigns import (
    Campaign,
    CampaignQuerySet,
    ComplianceOverride,
    validate_time_zone,
)
from apps.campaigns.models.policies import Policy, Variant, Version

__all__ = [
    "WARN_AT_PERCENT",
    "Audience",
    "AudienceMember",
    "AudienceSpell",
    "Budget",
    "Campaign",
    "CampaignQuerySet",
    "ComplianceOverride",
    "Policy",
    "Variant",
    "Version",
    "validate_time_zone",
]

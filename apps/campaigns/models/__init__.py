"""What operators configure: campaigns, their policies, frozen versions, audiences and budgets."""

from apps.campaigns.models.audiences import Audience, AudienceMember, AudienceSpell
from apps.campaigns.models.budgets import WARN_AT_PERCENT, Budget
from apps.campaigns.models.campaigns import (
    Campaign,
    CampaignQuerySet,
    ComplianceOverride,
    validate_time_zone,
)
from apps.campaigns.models.costs import CampaignCost
from apps.campaigns.models.experiments import ExperimentPlan
from apps.campaigns.models.policies import Policy, Variant, Version
from apps.campaigns.models.watches import Watch

__all__ = [
    "WARN_AT_PERCENT",
    "Audience",
    "AudienceMember",
    "AudienceSpell",
    "Budget",
    "Campaign",
    "CampaignCost",
    "CampaignQuerySet",
    "ComplianceOverride",
    "ExperimentPlan",
    "Policy",
    "Variant",
    "Version",
    "Watch",
    "validate_time_zone",
]

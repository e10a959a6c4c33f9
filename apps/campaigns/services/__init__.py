"""The only writers of campaigns, versions, audiences and budgets."""

from apps.campaigns.services.budgets import (
    BudgetTooSmall,
    budget_change,
    budget_free,
    budget_reserve,
    budget_spend,
)
from apps.campaigns.services.complying import (
    AlreadyOverridden,
    ComplianceBlocks,
    FindingFinal,
    FindingUnknown,
    OverrideNeedsReason,
    campaign_findings,
    compliance_override,
)
from apps.campaigns.services.copying import campaign_copy
from apps.campaigns.services.costing import (
    CostAlreadyReversed,
    CostAuthor,
    CostDaysOdd,
    CostInOtherCurrency,
    CostIsReversal,
    CostOfNoPartner,
    CostReport,
    cost_enter,
    cost_reverse,
)
from apps.campaigns.services.drafting import draft_terms, draft_variants
from apps.campaigns.services.listing import (
    AudienceChange,
    audience_add,
    audience_create,
    audience_remove,
)
from apps.campaigns.services.planning import (
    ExperimentBegun,
    PlanTerms,
    can_plan,
    experiment_plan,
)
from apps.campaigns.services.publishing import (
    CampaignWithoutPolicies,
    CouponMisfit,
    SeveralHoldouts,
    VariantUnknown,
    campaign_publish,
)
from apps.campaigns.services.turning import (
    CampaignNotRunning,
    CampaignTurnRefused,
    campaign_end,
    campaign_lock,
    campaign_pause,
    campaign_resume,
    campaigns_turn,
    emergency_lift,
    emergency_stop,
)
from apps.campaigns.services.watching import campaigns_to_watch, watch_claim

__all__ = [
    "AlreadyOverridden",
    "AudienceChange",
    "BudgetTooSmall",
    "CampaignNotRunning",
    "CampaignTurnRefused",
    "CampaignWithoutPolicies",
    "ComplianceBlocks",
    "CostAlreadyReversed",
    "CostAuthor",
    "CostDaysOdd",
    "CostInOtherCurrency",
    "CostIsReversal",
    "CostOfNoPartner",
    "CostReport",
    "CouponMisfit",
    "ExperimentBegun",
    "FindingFinal",
    "FindingUnknown",
    "OverrideNeedsReason",
    "PlanTerms",
    "SeveralHoldouts",
    "VariantUnknown",
    "audience_add",
    "audience_create",
    "audience_remove",
    "budget_change",
    "budget_free",
    "budget_reserve",
    "budget_spend",
    "campaign_copy",
    "campaign_end",
    "campaign_findings",
    "campaign_lock",
    "campaign_pause",
    "campaign_publish",
    "campaign_resume",
    "campaigns_to_watch",
    "campaigns_turn",
    "can_plan",
    "compliance_override",
    "cost_enter",
    "cost_reverse",
    "draft_terms",
    "draft_variants",
    "emergency_lift",
    "emergency_stop",
    "experiment_plan",
    "watch_claim",
]

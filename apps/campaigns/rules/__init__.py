"""What a campaign promises, and to whom. Pure: numbers and names in, numbers and names out."""

from apps.campaigns.rules.compliance import (
    IMPOSSIBLE,
    CampaignTerms,
    Finding,
    Severity,
    check,
)
from apps.campaigns.rules.deciding import Award, Decision, Refusal, award_amount, decide
from apps.campaigns.rules.exclusive import Contender, outrank
from apps.campaigns.rules.facts import (
    ActFacts,
    Circumstances,
    Facts,
    LineFacts,
    OrderFacts,
    RoomFacts,
    facts_from_json,
    facts_to_json,
    qualifies,
)
from apps.campaigns.rules.money import award_cost_minor, divide_rounded, points_cost_minor
from apps.campaigns.rules.terms import (
    POSSIBLE,
    REFERRAL_TRIGGERS,
    AwardKind,
    Beneficiary,
    HoldFrom,
    PolicyTerms,
    Trigger,
    terms_from_json,
    terms_to_json,
)
from apps.campaigns.rules.variants import VariantTerms, draw_variant
from apps.campaigns.rules.words import FINAL, WORDS, Reason, Words

__all__ = [
    "FINAL",
    "IMPOSSIBLE",
    "POSSIBLE",
    "REFERRAL_TRIGGERS",
    "WORDS",
    "ActFacts",
    "Award",
    "AwardKind",
    "Beneficiary",
    "CampaignTerms",
    "Circumstances",
    "Contender",
    "Decision",
    "Facts",
    "Finding",
    "HoldFrom",
    "LineFacts",
    "OrderFacts",
    "PolicyTerms",
    "Reason",
    "Refusal",
    "RoomFacts",
    "Severity",
    "Trigger",
    "VariantTerms",
    "Words",
    "award_amount",
    "award_cost_minor",
    "check",
    "decide",
    "divide_rounded",
    "draw_variant",
    "facts_from_json",
    "facts_to_json",
    "outrank",
    "points_cost_minor",
    "qualifies",
    "terms_from_json",
    "terms_to_json",
]

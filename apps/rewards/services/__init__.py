"""The only writers of decisions, grants, goodwill and claw backs."""

from apps.rewards.services.decisions import subject_decide
from apps.rewards.services.goodwill import (
    GoodwillDecided,
    GoodwillInvalid,
    GoodwillNeedsSomebodyElse,
    GoodwillUnknown,
    Hand,
    Present,
    goodwill_approve,
    goodwill_make,
    goodwill_propose,
    goodwill_reject,
)
from apps.rewards.services.overriding import ReferrerPaid, referrer_override
from apps.rewards.services.settling import grant_lapse, grants_settle
from apps.rewards.services.voiding import (
    GrantNotVoidable,
    GrantUnknown,
    VoidReasonMissing,
    grant_void,
)

__all__ = [
    "GoodwillDecided",
    "GoodwillInvalid",
    "GoodwillNeedsSomebodyElse",
    "GoodwillUnknown",
    "GrantNotVoidable",
    "GrantUnknown",
    "Hand",
    "Present",
    "ReferrerPaid",
    "VoidReasonMissing",
    "goodwill_approve",
    "goodwill_make",
    "goodwill_propose",
    "goodwill_reject",
    "grant_lapse",
    "grant_void",
    "grants_settle",
    "referrer_override",
    "subject_decide",
]

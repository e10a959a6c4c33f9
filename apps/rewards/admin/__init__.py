"""Operators see what was granted and why, give goodwill, and take back by hand."""

from apps.rewards.admin.decisions import DecisionAdmin
from apps.rewards.admin.goodwill import GoodwillAdmin
from apps.rewards.admin.grants import CapCounterAdmin, ClawBackAdmin, GrantAdmin
from apps.rewards.admin.overriding import OverridableParticipantAdmin, OverrideAdmin

__all__ = [
    "CapCounterAdmin",
    "ClawBackAdmin",
    "DecisionAdmin",
    "GoodwillAdmin",
    "GrantAdmin",
    "OverridableParticipantAdmin",
    "OverrideAdmin",
]

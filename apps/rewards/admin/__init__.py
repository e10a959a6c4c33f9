"""Operators see what was granted and why, give goodwill, and take back by hand."""

from apps.rewards.admin.decisions import DecisionAdmin
from apps.rewards.admin.goodwill import GoodwillAdmin
from apps.rewards.admin.grants import CapCounterAdmin, ClawBackAdmin, GrantAdmin

__all__ = ["CapCounterAdmin", "ClawBackAdmin", "DecisionAdmin", "GoodwillAdmin", "GrantAdmin"]

"""The only writers of growth, memberships and their history."""

from apps.tiers.services.growth import GrowthConflict, GrowthInvalid, growth_add, growth_take_back
from apps.tiers.services.importing import TierAlreadyHigher, TierOver, tier_import
from apps.tiers.services.standing import ladder_open
from apps.tiers.services.sweeping import memberships_sweep

__all__ = [
    "GrowthConflict",
    "GrowthInvalid",
    "TierAlreadyHigher",
    "TierOver",
    "growth_add",
    "growth_take_back",
    "ladder_open",
    "memberships_sweep",
    "tier_import",
]

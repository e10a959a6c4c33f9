"""What must change so that grants are what was decided, and what other policies would grant. Pure."""

from apps.rewards.rules.differing import Change, Granted, Shrink, difference
from apps.rewards.rules.limits import (
    Cap,
    Costs,
    Execution,
    Given,
    Kept,
    Limits,
    Moment,
    caps_of,
    execute,
)
from apps.rewards.rules.simulating import (
    Comparison,
    Difference,
    Gift,
    Happening,
    PolicyTally,
    Tally,
    compare,
    simulate,
)

__all__ = [
    "Cap",
    "Change",
    "Comparison",
    "Costs",
    "Difference",
    "Execution",
    "Gift",
    "Given",
    "Granted",
    "Happening",
    "Kept",
    "Limits",
    "Moment",
    "PolicyTally",
    "Shrink",
    "Tally",
    "caps_of",
    "compare",
    "difference",
    "execute",
    "simulate",
]

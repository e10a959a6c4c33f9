"""The only writers of decisions, grants and claw backs."""

from apps.rewards.services.decisions import subject_decide
from apps.rewards.services.settling import grants_settle

__all__ = ["grants_settle", "subject_decide"]

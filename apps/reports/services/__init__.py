"""Keeping the rollups: marking, folding, counting what links reach, building anew."""

from apps.reports.services.folding import (
    campaign_fold,
    campaigns_fold,
    order_mark,
    participant_mark,
)
from apps.reports.services.reaching import journals_fold
from apps.reports.services.rebuilding import campaign_rebuild

__all__ = [
    "campaign_fold",
    "campaign_rebuild",
    "campaigns_fold",
    "journals_fold",
    "order_mark",
    "participant_mark",
]

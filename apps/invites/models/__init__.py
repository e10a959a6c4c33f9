"""The tables of links, visits, touches and participants."""

from apps.invites.models.chain import (
    ACTS,
    Act,
    CampaignOrder,
    Draw,
    Participant,
    Salt,
    Touch,
    Trace,
    Visit,
)
from apps.invites.models.links import Landing, Link, Target

__all__ = [
    "ACTS",
    "Act",
    "CampaignOrder",
    "Draw",
    "Landing",
    "Link",
    "Participant",
    "Salt",
    "Target",
    "Touch",
    "Trace",
    "Visit",
]

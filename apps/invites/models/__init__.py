"""The tables of links, visits, touches and participants."""

from apps.invites.models.chain import (
    ACTS,
    Act,
    CampaignOrder,
    CouponLink,
    Draw,
    Override,
    Participant,
    Salt,
    Share,
    Touch,
    Trace,
    Visit,
)
from apps.invites.models.links import Landing, Link, Target

__all__ = [
    "ACTS",
    "Act",
    "CampaignOrder",
    "CouponLink",
    "Draw",
    "Landing",
    "Link",
    "Override",
    "Participant",
    "Salt",
    "Share",
    "Target",
    "Touch",
    "Trace",
    "Visit",
]

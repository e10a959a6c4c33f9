"""What operators see of links, where they lead, and the chain they make."""

from apps.invites.admin.chain import ParticipantAdmin
from apps.invites.admin.landings import LandingAdmin
from apps.invites.admin.links import LinkAdmin

__all__ = ["LandingAdmin", "LinkAdmin", "ParticipantAdmin"]

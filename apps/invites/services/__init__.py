"""The only writers of links, visits, touches and participants."""

from apps.invites.services.links import link_get_or_create, link_revoke, visit_record
from apps.invites.services.participants import (
    campaign_join,
    campaign_link,
    campaign_order_record,
    participant_admit,
    participants_confirm,
    participants_qualify,
)
from apps.invites.services.touches import touch_record

__all__ = [
    "campaign_join",
    "campaign_link",
    "campaign_order_record",
    "link_get_or_create",
    "link_revoke",
    "participant_admit",
    "participants_confirm",
    "participants_qualify",
    "touch_record",
    "visit_record",
]

"""The only writers of links, visits, touches, participants and their acts."""

from apps.invites.services.admitting import CampaignFull, participant_admit
from apps.invites.services.bringing import CouponBrings, coupon_link_make
from apps.invites.services.confirming import participants_confirm, participants_qualify
from apps.invites.services.counting import campaign_act_record, campaign_order_record
from apps.invites.services.draws import draw_tell, variant_draw
from apps.invites.services.joining import campaign_join, campaign_link
from apps.invites.services.links import link_get_or_create, link_revoke, visit_record
from apps.invites.services.overriding import (
    Author,
    FriendCounted,
    OwnReferrer,
    ParticipantHasReferees,
    ReasonMissing,
    ReferrerUnchanged,
    participant_override,
)
from apps.invites.services.shares import share_record
from apps.invites.services.touches import coupon_touches_keep, touch_record

__all__ = [
    "Author",
    "CampaignFull",
    "CouponBrings",
    "FriendCounted",
    "OwnReferrer",
    "ParticipantHasReferees",
    "ReasonMissing",
    "ReferrerUnchanged",
    "campaign_act_record",
    "campaign_join",
    "campaign_link",
    "campaign_order_record",
    "coupon_link_make",
    "coupon_touches_keep",
    "draw_tell",
    "link_get_or_create",
    "link_revoke",
    "participant_admit",
    "participant_override",
    "participants_confirm",
    "participants_qualify",
    "share_record",
    "touch_record",
    "variant_draw",
    "visit_record",
]

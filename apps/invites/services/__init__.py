"""The only writers of links, visits, touches, participants and their acts."""

from apps.invites.services.admitting import CampaignFull, participant_admit
from apps.invites.services.at_once import Foreseen, admission_foresee
from apps.invites.services.bringing import CouponBrings, coupon_link_make
from apps.invites.services.bulk import Made, RefusedLine, links_create
from apps.invites.services.confirming import participants_confirm, participants_qualify
from apps.invites.services.counting import campaign_act_record, campaign_order_record
from apps.invites.services.draws import draw_tell, variant_draw
from apps.invites.services.joining import (
    Joining,
    campaign_join,
    campaign_join_and_reply,
    campaign_link,
)
from apps.invites.services.links import (
    ChannelsSpent,
    CodeTaken,
    LinkClosed,
    LinkRefused,
    NewLink,
    link_create,
    link_demand_open,
    link_get_or_create,
    link_open,
    link_revoke,
)
from apps.invites.services.overriding import (
    Author,
    FriendCounted,
    OwnReferrer,
    ParticipantHasReferees,
    ReasonMissing,
    ReferrerUnchanged,
    participant_override,
)
from apps.invites.services.salts import is_salt_known, salt_of_day, salts_forget
from apps.invites.services.shares import share_record
from apps.invites.services.touches import coupon_touches_keep, touch_record
from apps.invites.services.visits import LinkRevoked, Opened, visit_record, visits_keep

__all__ = [
    "Author",
    "CampaignFull",
    "ChannelsSpent",
    "CodeTaken",
    "CouponBrings",
    "Foreseen",
    "FriendCounted",
    "Joining",
    "LinkClosed",
    "LinkRefused",
    "LinkRevoked",
    "Made",
    "NewLink",
    "Opened",
    "OwnReferrer",
    "ParticipantHasReferees",
    "ReasonMissing",
    "ReferrerUnchanged",
    "RefusedLine",
    "admission_foresee",
    "campaign_act_record",
    "campaign_join",
    "campaign_join_and_reply",
    "campaign_link",
    "campaign_order_record",
    "coupon_link_make",
    "coupon_touches_keep",
    "draw_tell",
    "is_salt_known",
    "link_create",
    "link_demand_open",
    "link_get_or_create",
    "link_open",
    "link_revoke",
    "links_create",
    "participant_admit",
    "participant_override",
    "participants_confirm",
    "participants_qualify",
    "salt_of_day",
    "salts_forget",
    "share_record",
    "touch_record",
    "variant_draw",
    "visit_record",
    "visits_keep",
]

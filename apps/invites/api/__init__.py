"""The API's doors to links, visits and the chain."""

from apps.invites.api.chain import (
    FunnelsView,
    MyReferralsView,
    OverrideOutput,
    SharesView,
    TraceView,
    TreeView,
)
from apps.invites.api.joining import (
    BroughtInput,
    CampaignLinkView,
    DrawsView,
    FaceOutput,
    JoinView,
    LinkOutput,
    OwnLinkInput,
    TouchesView,
    VisitsView,
    brought_from,
    brought_of,
    link_output,
)
from apps.invites.api.links import (
    LinkRevokeView,
    LinksView,
    NewRoomLinkInput,
    ShopLinkOutput,
    link_terms_of,
    shop_link_output,
)

__all__ = [
    "BroughtInput",
    "CampaignLinkView",
    "DrawsView",
    "FaceOutput",
    "FunnelsView",
    "JoinView",
    "LinkOutput",
    "LinkRevokeView",
    "LinksView",
    "MyReferralsView",
    "NewRoomLinkInput",
    "OverrideOutput",
    "OwnLinkInput",
    "SharesView",
    "ShopLinkOutput",
    "TouchesView",
    "TraceView",
    "TreeView",
    "VisitsView",
    "brought_from",
    "brought_of",
    "link_output",
    "link_terms_of",
    "shop_link_output",
]

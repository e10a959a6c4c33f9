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
    TouchesView,
    VisitsView,
    brought_from,
    brought_of,
    link_output,
)
from apps.invites.api.links import LinkRevokeView, LinksView

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
    "OverrideOutput",
    "SharesView",
    "TouchesView",
    "TraceView",
    "TreeView",
    "VisitsView",
    "brought_from",
    "brought_of",
    "link_output",
]

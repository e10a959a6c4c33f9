from django.urls import path

from apps.rewards.api import goodwill, grants, overriding, preview, wallet, why

urlpatterns = [
    path(
        "campaigns/<str:campaign_id>/preview",
        preview.PreviewView.as_view(),
        name="campaign-preview",
    ),
    path("me/wallet", wallet.MyWalletView.as_view(), name="my-wallet"),
    path(
        "members/<str:external_id>/wallet",
        wallet.MemberWalletView.as_view(),
        name="member-wallet",
    ),
    path("grants", grants.GrantsView.as_view(), name="grants"),
    path("grants/<str:grant_id>", goodwill.GoodwillView.as_view(), name="goodwill"),
    path(
        "grants/<str:grant_id>/approve",
        goodwill.GoodwillApproveView.as_view(),
        name="goodwill-approve",
    ),
    path(
        "grants/<str:grant_id>/reject",
        goodwill.GoodwillRejectView.as_view(),
        name="goodwill-reject",
    ),
    path("grants/<str:grant_id>/void", goodwill.GrantVoidView.as_view(), name="grant-void"),
    path(
        "participants/<str:participant_id>/referrer",
        overriding.ReferrerView.as_view(),
        name="participant-referrer",
    ),
    path("why", why.WhyView.as_view(), name="why"),
    path("decisions", grants.DecisionsView.as_view(), name="decisions"),
    path("me/grants", grants.MyGrantsView.as_view(), name="my-grants"),
]

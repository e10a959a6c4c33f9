from django.urls import path

from apps.invites import api, views

# Under /api/v1/.
urlpatterns = [
    path("campaigns/<str:campaign_id>/link", api.CampaignLinkView.as_view(), name="campaign-link"),
    path("campaigns/<str:campaign_id>/join", api.JoinView.as_view(), name="campaign-join"),
    path("campaigns/<str:campaign_id>/draws", api.DrawsView.as_view(), name="campaign-draws"),
    path("links", api.LinksView.as_view(), name="links"),
    path("links/<str:code>/revoke", api.LinkRevokeView.as_view(), name="link-revoke"),
    path("visits", api.VisitsView.as_view(), name="visits"),
    path("me/touches", api.TouchesView.as_view(), name="my-touches"),
    path(
        "campaigns/<str:campaign_id>/funnel",
        api.FunnelsView.as_view(),
        name="campaign-funnel",
    ),
    path("me/referrals", api.MyReferralsView.as_view(), name="my-referrals"),
    path("links/<str:code>/shares", api.SharesView.as_view(), name="link-shares"),
    path("participants/<str:participant_id>/tree", api.TreeView.as_view(), name="tree"),
    path("participants/<str:participant_id>/trace", api.TraceView.as_view(), name="trace"),
]

# For people.
page_patterns = [
    path("s/<str:code>", views.share, name="share"),
    path("s/<str:code>/qr.png", views.qr_png, name="share-qr-png"),
    path("s/<str:code>/qr.svg", views.qr_svg, name="share-qr-svg"),
    path("s/<str:code>/poster.png", views.poster_png, name="share-poster"),
    path("s/<str:code>/card.png", views.card_png, name="share-card"),
]

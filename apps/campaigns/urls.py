from django.urls import path

from apps.campaigns import api

urlpatterns = [
    path("campaigns", api.CampaignsView.as_view(), name="campaigns"),
    path("campaigns/<str:campaign_id>", api.CampaignView.as_view(), name="campaign"),
    path("campaigns/<str:campaign_id>/costs", api.CostsView.as_view(), name="campaign-costs"),
    path(
        "campaigns/<str:campaign_id>/costs/<str:cost_id>/reverse",
        api.CostReversalView.as_view(),
        name="campaign-cost-reverse",
    ),
    path("audiences", api.AudiencesView.as_view(), name="audiences"),
    path(
        "audiences/<str:audience_id>/members",
        api.AudienceMembersView.as_view(),
        name="audience-members",
    ),
    path(
        "audiences/<str:audience_id>/members/remove",
        api.AudienceMembersRemoveView.as_view(),
        name="audience-members-remove",
    ),
]

from django.urls import path

from apps.campaigns import api

urlpatterns = [
    path("campaigns", api.CampaignsView.as_view(), name="campaigns"),
    path("campaigns/<str:campaign_id>", api.CampaignView.as_view(), name="campaign"),
]

from django.urls import path

from apps.tiers import api

urlpatterns = [
    path("tiers", api.TierLadderView.as_view(), name="tiers"),
    path("me/tier", api.MyTierView.as_view(), name="my-tier"),
    path("members/<str:external_id>/tier", api.MemberTierView.as_view(), name="member-tier"),
    path("members/<str:external_id>/growth", api.MemberGrowthView.as_view(), name="member-growth"),
]

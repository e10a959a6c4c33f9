from django.urls import path

from apps.reports import api, leaderboard_api, programme_api

urlpatterns = [
    path("campaigns/<str:campaign_id>/report", api.ReportView.as_view(), name="campaign-report"),
    path(
        "campaigns/<str:campaign_id>/leaderboard",
        leaderboard_api.LeaderboardView.as_view(),
        name="campaign-leaderboard",
    ),
    path("reports/programme", programme_api.ProgrammeView.as_view(), name="programme-report"),
]

from django.urls import path

from apps.reports import (
    alert_api,
    api,
    experiment_api,
    leaderboard_api,
    partner_page,
    programme_api,
    share_pages,
    statement_api,
)

urlpatterns = [
    path(
        "campaigns/<str:campaign_id>/experiment",
        experiment_api.ExperimentView.as_view(),
        name="campaign-experiment",
    ),
    path(
        "campaigns/<str:campaign_id>/experiment/compare",
        experiment_api.VersusView.as_view(),
        name="campaign-variants-compared",
    ),
    path(
        "members/<str:external_id>/statement",
        statement_api.MemberStatementView.as_view(),
        name="member-statement",
    ),
    path(
        "campaigns/<str:campaign_id>/alerts",
        alert_api.AlertsView.as_view(),
        name="campaign-alerts",
    ),
    path("me/statement", statement_api.MyStatementView.as_view(), name="my-statement"),
    path("campaigns/<str:campaign_id>/report", api.ReportView.as_view(), name="campaign-report"),
    path(
        "campaigns/<str:campaign_id>/leaderboard",
        leaderboard_api.LeaderboardView.as_view(),
        name="campaign-leaderboard",
    ),
    path("reports/programme", programme_api.ProgrammeView.as_view(), name="programme-report"),
]

# For people.
page_patterns = [
    path("reports/<str:token>", share_pages.shared_report, name="shared-report"),
    path(
        "reports/<str:token>/<str:name>",
        share_pages.shared_file,
        name="shared-report-file",
    ),
    path("partner/<str:token>", partner_page.partner, name="partner"),
    path("partner/<str:token>/earnings.csv", partner_page.partner_csv, name="partner-csv"),
]

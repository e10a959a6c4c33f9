from django.urls import path

from apps.reports import api, experiment_api, share_pages

urlpatterns = [
    path(
        "campaigns/<str:campaign_id>/experiment",
        experiment_api.ExperimentView.as_view(),
        name="campaign-experiment",
    ),
    path("campaigns/<str:campaign_id>/report", api.ReportView.as_view(), name="campaign-report"),
]

# For people.
page_patterns = [
    path("reports/<str:token>", share_pages.shared_report, name="shared-report"),
    path(
        "reports/<str:token>/<str:name>",
        share_pages.shared_file,
        name="shared-report-file",
    ),
]

from django.urls import path

from apps.reports import api, experiment_api

urlpatterns = [
    path(
        "campaigns/<str:campaign_id>/experiment",
        experiment_api.ExperimentView.as_view(),
        name="campaign-experiment",
    ),
    path("campaigns/<str:campaign_id>/report", api.ReportView.as_view(), name="campaign-report"),
]

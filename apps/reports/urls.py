from django.urls import path

from apps.reports import api

urlpatterns = [
    path("campaigns/<str:campaign_id>/report", api.ReportView.as_view(), name="campaign-report"),
]

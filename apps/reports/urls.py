from django.urls import path

from apps.reports import api, partner_page, statement_api

urlpatterns = [
    path(
        "members/<str:external_id>/statement",
        statement_api.MemberStatementView.as_view(),
        name="member-statement",
    ),
    path("me/statement", statement_api.MyStatementView.as_view(), name="my-statement"),
    path("campaigns/<str:campaign_id>/report", api.ReportView.as_view(), name="campaign-report"),
]

# For people.
page_patterns = [
    path("partner/<str:token>", partner_page.partner, name="partner"),
    path("partner/<str:token>/earnings.csv", partner_page.partner_csv, name="partner-csv"),
]

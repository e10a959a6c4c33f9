"""The campaign's report in the admin, added from above: campaigns know nothing of reports."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from apps.campaigns.admin import CampaignAdmin
from apps.campaigns.models import Campaign
from apps.members.models import Member
from apps.reports import programme_pages, share_pages
from apps.reports.compare_pages import ComparePages
from apps.reports.experiment_pages import ExperimentPages
from apps.reports.leaderboard_pages import LeaderboardPages
from apps.reports.statement_pages import StatementPages
from apps.rewards.views import WhatIfPages


class ReportedCampaignAdmin(
    ComparePages, LeaderboardPages, ExperimentPages, WhatIfPages, CampaignAdmin
):
    """Campaigns, each with the way to its report, who brought most, and what would happen."""

    actions_detail: tuple[Any, ...] = (
        *(*CampaignAdmin.actions_detail, "report"),
        {
            "title": "More",
            "icon": "more_horiz",
            "items": ["leaderboard", "experiment", "what_would_happen", "replay"],
        },
    )

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [*super().get_list_display(request), "report_link"]

    @admin.display(description="Report")
    def report_link(self, campaign: Campaign) -> str:
        address = reverse("admin:campaigns_campaign_report", args=[campaign.pk])
        return format_html('<a class="report-link" href="{}">Open report</a>', address)


__all__ = ["ReportedCampaignAdmin", "programme_pages", "share_pages"]

admin.site.unregister(Campaign)
admin.site.register(Campaign, ReportedCampaignAdmin)
# Members, each with the way to what they brought and earned, beside what others added to them.
_members: Any = type(admin.site._registry[Member])
admin.site.unregister(Member)
admin.site.register(
    Member,
    type(
        "StatedMemberAdmin",
        (StatementPages, _members),
        {"actions_detail": (*_members.actions_detail, *StatementPages.actions_detail)},
    ),
)

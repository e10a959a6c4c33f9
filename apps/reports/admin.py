"""The campaign's report in the admin, added from above: campaigns know nothing of reports."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action

from apps.campaigns.admin import CampaignAdmin
from apps.campaigns.models import Campaign
from apps.core import clock
from apps.core.admin import pk_in
from apps.reports import programme_pages, selectors
from apps.reports.leaderboard_pages import LeaderboardPages
from apps.reports.rules import ATTRIBUTED
from apps.reports.viral.figures import Figure
from apps.rewards.views import WhatIfPages


class ReportedCampaignAdmin(WhatIfPages, LeaderboardPages, CampaignAdmin):
    """Campaigns, each with the way to its report, who brought most, and what would happen."""

    actions_detail: tuple[Any, ...] = (
        *(*CampaignAdmin.actions_detail, "report", "leaderboard"),
        {"title": "What if", "icon": "help", "items": ["what_would_happen", "replay"]},
    )

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [*super().get_list_display(request), "report_link"]

    @admin.display(description="Report")
    def report_link(self, campaign: Campaign) -> str:
        address = reverse("admin:campaigns_campaign_report", args=[campaign.pk])
        return format_html('<a class="report-link" href="{}">Open report</a>', address)

    @action(description="Report", url_path="report", icon="monitoring")
    def report(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """How far the campaign spread and what it cost, for whoever may see the campaign."""
        campaign = get_object_or_404(Campaign, pk=pk_in(object_id))
        if not self.has_view_permission(request, campaign):
            raise PermissionDenied
        report = selectors.campaign_report(campaign, now=clock.now())
        context = {
            **self.admin_site.each_context(request),
            "title": f"Report: {campaign}",
            "report": report,
            "campaign": campaign,
            "caveat": ATTRIBUTED,
            "waiting": _waiting(report.freshness),
            "top_step": max(step.count for step in report.funnel),
            "top_k": max((_shown(row.k) for row in report.levels), default=0.0) or 1,
        }
        return render(request, "admin/campaign_report.html", context)


def _shown(k: Figure | None) -> float:
    """How far a bar of K reaches."""
    return (k.value or 0.0) if k else 0.0


def _waiting(freshness: selectors.Freshness) -> list[tuple[int, str]]:
    """What the figures do not contain yet, in words."""
    counts = (
        (freshness.events_pending, "events to be processed"),
        (freshness.events_parked, "parked events"),
        (freshness.grants_pending, "grants still held back"),
        (freshness.refund_orders_outstanding, "refunds the shop has not confirmed"),
        (freshness.rooms_due, "rooms whose time is up"),
    )
    return [(count, words) for count, words in counts if count]


__all__ = ["ReportedCampaignAdmin", "programme_pages"]

admin.site.unregister(Campaign)
admin.site.register(Campaign, ReportedCampaignAdmin)

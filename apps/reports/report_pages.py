"""Pages of a campaign's report in the admin: the report, its files, how it is printed and shared."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action

from apps.campaigns.models import Campaign
from apps.core import clock
from apps.core.admin import pk_in
from apps.members.admin import member_name
from apps.reports import exporting, selectors, services
from apps.reports.cards import cards_of
from apps.reports.sections import (
    Section,
    Table,
    counts_tables,
    default_sections,
    detail_sections,
)
from apps.reports.selectors import WholeReport


class ReportPages(ModelAdmin):
    """The pages, and the ways to them."""

    def get_urls(self) -> list[URLPattern]:
        own = self.admin_site.admin_view
        base = "<str:object_id>/report"
        return [
            path(f"{base}/print", own(self.report_print), name="campaigns_campaign_report_print"),
            path(
                f"{base}/detail", own(self.report_detail), name="campaigns_campaign_report_detail"
            ),
            path(
                f"{base}/files/<str:name>",
                own(self.report_file),
                name="campaigns_campaign_report_file",
            ),
            *super().get_urls(),
        ]

    @action(description="Report", url_path="report", icon="monitoring")
    def report(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """How far the campaign spread and what it cost, for whoever may see the campaign."""
        campaign = self.reported(request, object_id)
        report = services.report_read(campaign=campaign, now=clock.now())
        context = {
            **self.admin_site.each_context(request),
            **report_context(report),
            "title": f"Report: {campaign}",
            "files": _files(campaign),
            "may_share": request.user.has_perm("reports.add_sharedreport"),
            "waiting": _waiting(report.freshness),
        }
        return render(request, "admin/campaign_report.html", context)

    def report_print(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The same on white, with everything open, for paper."""
        campaign = self.reported(request, object_id)
        report = services.report_read(campaign=campaign, now=clock.now())
        return render(request, "reports/print.html", {**report_context(report), "is_open": True})

    def report_file(self, request: HttpRequest, object_id: str, name: str) -> HttpResponseBase:
        """A table as CSV, all of them as XLSX, or a picture as PNG or SVG, by its name and ending."""
        campaign = self.reported(request, object_id)
        report = services.report_read(campaign=campaign, now=clock.now())
        sections, counts = default_sections(report), counts_tables(report)
        if name.rpartition(".")[0] not in _slugs(sections, counts):  # the rest, or all of it
            found = selectors.details(report, now=report.as_of)
            sections += detail_sections(report, found)
        return file_of(campaign, sections, counts, name)

    def report_detail(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The rest: over time, by cohort, how uneven, how it ends, the trees, other attributions."""
        campaign = self.reported(request, object_id)
        report = services.report_read(campaign=campaign, now=clock.now())
        found = selectors.details(report, now=report.as_of)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Report in detail: {campaign}",
            "campaign": campaign,
            "report": report,
            "sections": detail_sections(report, found),
            "trees": [(tree, member_name(tree.root.member)) for tree in found.trees],
            "files": _files(campaign),
        }
        return render(request, "reports/detail.html", context)

    def reported(self, request: HttpRequest, object_id: str) -> Campaign:
        """The campaign, for whoever may see it. Raises Http404, PermissionDenied."""
        campaign = get_object_or_404(Campaign, pk=pk_in(object_id))
        if not self.has_view_permission(request, campaign):
            raise PermissionDenied
        return campaign


def report_context(report: WholeReport, *, money: bool = True) -> dict[str, Any]:
    """What the report's templates are told; without `money`, nothing of what it cost."""
    return {
        "report": report,
        "campaign": report.campaign,
        "cards": cards_of(report, money=money),
        "sections": default_sections(report, money=money),
        "counts": counts_tables(report, money=money),
    }


def file_of(
    campaign: Campaign, sections: tuple[Section, ...], more: tuple[Table, ...], name: str
) -> HttpResponseBase:
    """The file called `name`: "report.xlsx", a table's slug and ".csv", a section's and ".png" or
    ".svg". Raises Http404 where there is none."""
    return exporting.file_named(
        name,
        [section.table for section in sections] + list(more),
        {section.slug: section.picture for section in sections if section.picture is not None},
        book="report",
        prefix=f"report-{campaign.public_id}",
    )


def _slugs(sections: tuple[Section, ...], more: tuple[Table, ...]) -> set[str]:
    """What files of these may be called."""
    tables = {table.slug for table in more} | {section.table.slug for section in sections}
    return tables | {section.slug for section in sections}


def _files(campaign: Campaign) -> str:
    """What the addresses of the report's files begin with."""
    return reverse("admin:campaigns_campaign_report_file", args=[campaign.pk, "-"])[:-1]


def _waiting(freshness: selectors.Freshness) -> list[tuple[int, str]]:
    """What the figures do not contain yet, in words."""
    counts = (
        (freshness.events_pending, "events to be processed"),
        (freshness.events_parked, "parked events"),
        (freshness.changes_pending, "changes of participants to be counted"),
        (freshness.rows_pending, "new rows of all campaigns to be counted"),
        (freshness.grants_pending, "grants still held back"),
        (freshness.refund_orders_outstanding, "refunds the shop has not confirmed"),
        (freshness.rooms_due, "rooms whose time is up"),
    )
    return [(count, words) for count, words in counts if count]

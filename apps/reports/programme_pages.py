"""The programme report in the admin: the latest one, and a button for a newer one."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from apps.core.admin import FactAdmin
from apps.core.transactions import retrying
from apps.reports import exporting, services
from apps.reports.models import Programme
from apps.reports.programme.shapes import SOURCE_WORDS, Source
from apps.reports.sections.programme import money_note, programme_parts
from apps.reports.selectors.programmes import figures_of, programme_latest, programme_waiting


@admin.register(Programme)
class ProgrammeAdmin(FactAdmin):
    """One page instead of a list."""

    def changelist_view(
        self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None
    ) -> HttpResponse:
        """The report; posted to, it wants a newer one. For whoever may see or add reports."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_ask = request.user.has_perm("reports.add_programme")
        if request.method == "POST":
            if not may_ask:
                raise PermissionDenied
            return self._asked(request)
        latest = programme_latest()
        context = {
            **self.admin_site.each_context(request),
            "title": "Programme report",
            "latest": latest,
            "waiting": programme_waiting(),
            "may_ask": may_ask,
            **(_shown(figures_of(latest)) if latest else {}),
        }
        return render(request, "admin/programme.html", context)

    def get_urls(self) -> list[URLPattern]:
        own = self.admin_site.admin_view
        return [
            path("print", own(self.printed), name="reports_programme_print"),
            path("files/<str:name>", own(self.file), name="reports_programme_file"),
            *super().get_urls(),
        ]

    def printed(self, request: HttpRequest) -> HttpResponse:
        """The report on white, every part with its picture and its tables, for paper."""
        latest = self._latest(request)
        figures = figures_of(latest)
        parts = programme_parts(figures)
        context = {"latest": latest, "parts": parts, "money_note": money_note(figures)}
        return render(request, "reports/programme_print.html", context)

    def file(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """A table as CSV, all of them as XLSX, or a picture as PNG or SVG, by its name and ending."""
        latest = self._latest(request)
        parts = programme_parts(figures_of(latest))
        return exporting.file_named(
            name,
            [table for part in parts for table in part.tables],
            {part.slug: part.picture for part in parts if part.picture is not None},
            book="programme",
            prefix=f"programme-{latest.computed_at:%Y-%m-%d}",
        )

    def _latest(self, request: HttpRequest) -> Programme:
        """The latest report, for whoever may see it. Raises PermissionDenied, Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        latest = programme_latest()
        if latest is None:
            raise Http404
        return latest

    def _asked(self, request: HttpRequest) -> HttpResponse:
        new = retrying(lambda: services.programme_ask(asked_by=request.user.pk))
        words = (
            "It is being computed. Look again in a minute."
            if new
            else "One is being computed already."
        )
        self.message_user(request, words, messages.SUCCESS if new else messages.INFO)
        return HttpResponseRedirect(request.path)


def _shown(figures: dict[str, Any]) -> dict[str, Any]:
    """What the page shows: from the first month with anybody, the largest source first."""
    parts = {part.slug.replace("-", "_"): part for part in programme_parts(figures)}
    months = _begun(figures["members"])
    totals: dict[str, int] = {}
    for month in months:
        for source, many in month["by_source"].items():
            totals[source] = totals.get(source, 0) + many
    there = sorted(totals, key=lambda source: -totals[source])
    for month in months:
        month["sources"] = [month["by_source"].get(source, 0) for source in there]
    cohorts = _begun(figures["cohorts"])
    brought = figures["cohorts_brought"][len(figures["cohorts_brought"]) - len(cohorts) :]
    steps = figures["chain"]["steps"]
    return {
        "figures": figures,
        "parts": parts,
        "files": reverse("admin:reports_programme_file", args=["-"])[:-1],
        "money_note": money_note(figures),
        "months": months,
        "sources": [SOURCE_WORDS[Source(source)] for source in there],
        "new_members": sum(totals.values()),
        "cohorts": cohorts,
        "spans": _spans(figures["span_days"], cohorts, brought),
        "tables": [
            ("Everybody", cohorts, parts["retention"]),
            ("Those somebody’s link brought", brought, parts["retention_brought"]),
        ],
        "top_step": max((step["members"] for step in steps), default=0) or 1,
        "top_segment": max((row["members"] for row in figures["segments"]), default=0) or 1,
    }


def _begun(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows from the first one with members; the last one where there is none."""
    first = next((at for at, row in enumerate(rows) if row["members"]), len(rows) - 1)
    return rows[max(first, 0) :]


def _spans(days: int, *tables: list[dict[str, Any]]) -> list[str]:
    """The heads of the columns that have a number in some row, which alone are `shown`."""
    reached = 1
    for row in (row for table in tables for row in table):
        told = [at for at, cell in enumerate(row["cells"], 1) if cell.value is not None]
        reached = max(reached, *told, 1)
    for row in (row for table in tables for row in table):
        row["shown"] = row["cells"][:reached]
    return [f"{at * days + 1}–{(at + 1) * days}" for at in range(reached)]

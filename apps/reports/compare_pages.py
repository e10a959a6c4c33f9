"""Two campaigns, or two variants of one, beside each other in the admin: the page, its files, and how it
is printed."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from apps.campaigns.models import Campaign
from apps.core import clock
from apps.core.admin import pk_in
from apps.core.errors import Invalid
from apps.reports import exporting, services
from apps.reports.report_pages import ReportPages
from apps.reports.sections import (
    Table,
    comparison,
    comparison_table,
    variants_compared,
    versus_tables,
)
from apps.reports.sections.compared import Comparison
from apps.reports.selectors.variants import VERSUS_CAVEAT, Versus, variant_keys, versus

_MOST_CAMPAIGNS = 500
CAMPAIGNS_CAVEAT = (
    "The campaigns had other people, seasons and offers: a difference says that they went "
    "otherwise, not why. Only variants of one campaign, drawn by chance, tell that."
)


@dataclass(frozen=True)
class Beside:
    """What is compared, under these names. `asked` is the query by which it was chosen; `other` the
    campaign, or `versus` the variants."""

    names: tuple[str, str]
    compared: Comparison
    tables: tuple[Table, ...]
    caveat: str
    asked: str
    other: Campaign | None = None
    versus: Versus | None = None

    def files(self) -> tuple[Table, ...]:
        """Every table, that of the figures first."""
        return (comparison_table(self.compared, self.names), *self.tables)


class ComparePages(ReportPages):
    """The report's pages, and those on which two are compared."""

    def get_urls(self) -> list[URLPattern]:
        own = self.admin_site.admin_view
        base, name = "<str:object_id>/report/compare", "campaigns_campaign_report_compare"
        return [
            path(base, own(self.report_compare), name=name),
            path(f"{base}/print", own(self.compare_print), name=f"{name}_print"),
            path(f"{base}/files/<str:name>", own(self.compare_file), name=f"{name}_file"),
            *super().get_urls(),
        ]

    def report_compare(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """This campaign's figures beside another one's, which `with` names by its primary key; or
        the variants `first` and `second` of it beside each other."""
        campaign, asked = self.reported(request, object_id), request.GET
        keys = variant_keys(campaign)
        first, second = (asked.get(name, "") for name in ("first", "second"))
        beside, wrong = None, ""
        try:
            beside = _beside(campaign, request)
        except Invalid as error:
            wrong = str(error)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Compare: {campaign}",
            "campaign": campaign,
            "others": Campaign.objects.exclude(pk=campaign.pk).order_by("-pk")[:_MOST_CAMPAIGNS],
            "variants": keys if len(keys) > 1 else (),
            "first": first or keys[0] if keys else "",
            "second": second or keys[-1] if keys else "",
            "beside": beside,
            "wrong": wrong,
            "files": _files(campaign),
        }
        return render(request, "reports/compare.html", context)

    def compare_print(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The same on white, for paper."""
        campaign = self.reported(request, object_id)
        beside = _chosen(campaign, request)
        context = {"campaign": campaign, "beside": beside, "as_of": clock.now()}
        return render(request, "reports/compare_print.html", context)

    def compare_file(self, request: HttpRequest, object_id: str, name: str) -> HttpResponseBase:
        """A table as CSV, all of them as XLSX, or the picture of K as PNG or SVG, by its name and
        ending."""
        campaign = self.reported(request, object_id)
        beside = _chosen(campaign, request)
        return exporting.file_named(
            name,
            beside.files(),
            {"k": beside.compared.picture},
            book="compare",
            prefix=f"compare-{campaign.public_id}",
        )


def _chosen(campaign: Campaign, request: HttpRequest) -> Beside:
    """What is compared. Raises Http404 where nothing is, or what there is not."""
    try:
        beside = _beside(campaign, request)
    except Invalid as error:
        raise Http404 from error
    if beside is None:
        raise Http404
    return beside


def _beside(campaign: Campaign, request: HttpRequest) -> Beside | None:
    """What the query chose, None where that is nothing. Raises VariantUnknown, VariantTwice."""
    first, second = (request.GET.get(name, "") for name in ("first", "second"))
    if first and second:
        return _variants_beside(campaign, first, second)
    return _campaigns_beside(campaign, pk_in(request.GET.get("with", "")))


def _campaigns_beside(campaign: Campaign, chosen: int) -> Beside | None:
    other = Campaign.objects.exclude(pk=campaign.pk).filter(pk=chosen).first()
    if other is None:
        return None
    now = clock.now()
    ours, theirs = (services.report_read(campaign=row, now=now) for row in (campaign, other))
    return Beside(
        names=(campaign.name, other.name),
        compared=comparison(ours, theirs),
        tables=(),
        caveat=CAMPAIGNS_CAVEAT,
        asked=urlencode({"with": other.pk}),
        other=other,
    )


def _variants_beside(campaign: Campaign, first: str, second: str) -> Beside:
    found = versus(campaign, first, second, now=clock.now())
    return Beside(
        names=(f"“{first}”", f"“{second}”"),
        compared=variants_compared(found),
        tables=versus_tables(found),
        caveat=VERSUS_CAVEAT,
        asked=urlencode({"first": first, "second": second}),
        versus=found,
    )


def _files(campaign: Campaign) -> str:
    """What the addresses of the files begin with."""
    address = reverse("admin:campaigns_campaign_report_compare_file", args=[campaign.pk, "-"])
    return address[:-1]

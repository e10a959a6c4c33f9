"""Reports for people without an account: the links in the admin, and what they open."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from apps.campaigns.models import Campaign
from apps.core import clock
from apps.core.admin import FactAdmin, pk_in
from apps.core.errors import EngineError
from apps.invites.openings import public_url
from apps.reports import services
from apps.reports.models import SharedReport
from apps.reports.report_pages import file_of, report_context
from apps.reports.sections import counts_tables, default_sections
from apps.reports.selectors.shares import ShareOver, ShareUnknown, share_by_token, share_token
from apps.reports.services.shares import MOST_DAYS

_DAYS = 30


class SharedReportForm(forms.ModelForm):
    """Who gets the link, for how long, and with what in it."""

    campaign = forms.ModelChoiceField(
        Campaign.objects.order_by("-pk"), widget=UnfoldAdminSelectWidget
    )
    label = forms.CharField(
        label="For whom",
        max_length=80,
        widget=UnfoldAdminTextInputWidget,
        help_text="So that you know later whose link it is: “Lily, partner agency”.",
    )
    days = forms.IntegerField(
        label="Days it lasts",
        min_value=1,
        max_value=MOST_DAYS,
        initial=_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    shows_money = forms.BooleanField(
        label="With money",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Budget, rewards and costs are in it, too.",
    )

    class Meta:
        model = SharedReport
        fields = ("campaign", "label", "shows_money")


@admin.register(SharedReport)
class SharedReportAdmin(FactAdmin):
    """Links to reports: made and revoked here, never edited."""

    form = SharedReportForm
    list_display = (
        *("label", "campaign", "state", "shows_money", "expires_at", "made_by"),
        "last_opened_at",
    )
    list_filter = ("campaign",)
    list_select_related = ("campaign", "made_by", "revoked_by")
    search_fields = ("label", "public_id")
    ordering = ("-id",)
    show_full_result_count = False
    actions_detail = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who shows a report to others may see it, too."""
        return request.user.has_perms(("reports.add_sharedreport", "campaigns.view_campaign"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("campaign", "label", "days", "shows_money")
        return (
            *("link", "campaign", "label", "shows_money", "expires_at", "made_by", "made_at"),
            *("revoked_by", "revoked_at", "last_opened_at"),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    @display(description="State", label={"open": "success", "revoked": "danger"})
    def state(self, share: SharedReport) -> str:
        if share.revoked_at is not None:
            return "revoked"
        return "open" if share.expires_at > clock.now() else "expired"

    @admin.display(description="The link")
    def link(self, share: SharedReport) -> str:
        if self.state(share) != "open":
            return f"{self.state(share)}: it shows nothing any more"
        return format_html('<a class="engine-address" href="{0}">{0}</a>', share.opens_at)  # type: ignore[attr-defined]

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The share, told where this operator's own address bar says the engine is."""
        share = super().get_object(request, object_id, from_field)
        if share is not None:
            share.opens_at = public_url(
                request, reverse("shared-report", args=[share_token(share)])
            )
        return share

    def save_model(self, request: HttpRequest, obj: SharedReport, form: Any, change: bool) -> None:
        given = form.cleaned_data
        made = services.report_share(
            campaign=given["campaign"],
            label=given["label"],
            days=given["days"],
            shows_money=given["shows_money"],
            by=request.user,  # type: ignore[arg-type]  # staff, so somebody
            now=clock.now(),
        )
        obj.__dict__.update(made.__dict__)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        self.message_user(request, "The link is ready to be sent.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:reports_sharedreport_change", args=[obj.pk]))

    @action(description="Revoke", url_path="revoke", icon="link_off", permissions=["revoke"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then revoke: whoever has the link sees nothing from then on."""
        share = self.get_object(request, str(pk_in(object_id)))
        if share is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method == "POST":
            self._do_revoke(request, share)
            return HttpResponseRedirect(
                reverse("admin:reports_sharedreport_change", args=[share.pk])
            )
        context = {
            **self.admin_site.each_context(request),
            "title": f"Revoke: {share.label}",
            "share": share,
        }
        return render(request, "reports/revoke.html", context)

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("reports.change_sharedreport")

    def _do_revoke(self, request: HttpRequest, share: SharedReport) -> None:
        if not self.has_revoke_permission(request):
            raise PermissionDenied
        try:
            services.report_share_revoke(share_id=share.pk, by=request.user, now=clock.now())  # type: ignore[arg-type]
        except EngineError as error:
            self.message_user(request, str(error), messages.WARNING)
            return
        self.log_change(request, share, "Revoked")
        self.message_user(request, "The link is revoked.", messages.SUCCESS)


@require_safe
@never_cache
def shared_report(request: HttpRequest, token: str) -> HttpResponse:
    """The report behind a link, read-only and without names; or a page that says it shows nothing."""
    return _opened(request, token, "")  # type: ignore[return-value]


@require_safe
@never_cache
def shared_file(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """A file of the report behind a link, as `report_pages.file_of` names it."""
    return _opened(request, token, name)


def _opened(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    now = clock.now()
    answer: HttpResponseBase
    try:
        share = share_by_token(token, now=now)
    except (ShareUnknown, ShareOver) as error:
        answer = render(request, "reports/gone.html", {"why": error.code}, status=404)
    else:
        services.report_share_opened(share_id=share.pk, now=now)
        report = services.report_read(campaign=share.campaign, now=now)
        money = share.shows_money
        if name:
            sections, counts = (
                default_sections(report, money=money),
                counts_tables(report, money=money),
            )
            answer = file_of(share.campaign, sections, counts, name)
        else:
            files = reverse("shared-report-file", args=[token, "-"])[:-1]
            context = {**report_context(report, money=money), "share": share, "files": files}
            answer = render(request, "reports/shared.html", context)
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer

"""Bring history in: upload a file, see what it would do, bring it in."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from apps.campaigns.models import Campaign
from apps.core import clock
from apps.core.admin import FactAdmin, mode_column, status_column
from apps.core.csv_export import csv_response
from apps.core.errors import EngineError
from apps.imports import services
from apps.imports.models import Upload
from apps.imports.rules import COLUMNS, NEEDED, ImportKind
from apps.imports.services import Progress

MOST_UPLOADED = 32 * 1024 * 1024
REFUSED_SHOWN = 50
MOST_CAMPAIGNS = 500

_KINDS = [
    (ImportKind.MEMBERS.value, "Members, with their first orders"),
    (ImportKind.BALANCES.value, "Balances of points, with their expiry"),
    (ImportKind.TIERS.value, "Tiers"),
    (ImportKind.REFERRERS.value, "Who brought whom, into a campaign"),
]


def _campaigns() -> list[tuple[Any, str]]:
    published = Campaign.objects.exclude(published_version=None).order_by("-pk")
    rows = published.values_list("pk", "name", "is_test")[:MOST_CAMPAIGNS]
    return [("", "–"), *((pk, f"{name} (test)" if test else name) for pk, name, test in rows)]


class UploadForm(forms.Form):
    """What kind of history it is, and the file."""

    kind = forms.ChoiceField(label="What it brings", choices=_KINDS, widget=UnfoldAdminSelectWidget)
    campaign = forms.ChoiceField(
        label="Campaign",
        choices=_campaigns,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Where they become participants. Its mode is theirs.",
    )
    is_test = forms.BooleanField(
        label="Of test members", required=False, widget=UnfoldBooleanSwitchWidget
    )
    file = forms.FileField(
        label="CSV file",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,text/csv"}),
        help_text="In UTF-8, with a header; at most 32 MB.",
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > MOST_UPLOADED:
            raise forms.ValidationError(
                "This is over 32 MB: upload it in parts, or use manage.py import_history."
            )
        return upload

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = given.get("campaign")
        if given.get("kind") == ImportKind.REFERRERS and not chosen and not self.errors:
            self.add_error("campaign", "Choose the campaign they become participants of.")
        given["campaign"] = (
            Campaign.objects.get(pk=chosen)
            if chosen and given.get("kind") == ImportKind.REFERRERS
            else None
        )
        return given


@admin.register(Upload)
class UploadAdmin(FactAdmin):
    list_display = (
        "name",
        "kind",
        status_column(),
        "applied",
        "points",
        "unchanged",
        "refused",
        "uploaded_by",
        "brought_by",
        "uploaded_at",
        mode_column,
    )
    list_filter = ("kind", "status", "is_test", "uploaded_at")
    list_select_related = ("uploaded_by", "brought_by")
    search_fields = ("name", "public_id", "sha256")
    ordering = ("-id",)
    show_full_result_count = False
    exclude = ("content", "working_until")
    actions_list = ("bring",)
    actions_detail = ("work",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Upload]:
        return super().get_queryset(request).defer("content")

    def has_upload_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("imports.add_upload"))

    @action(
        description="Bring history in",
        icon="upload_file",
        url_path="bring",
        permissions=["upload"],
    )
    def bring(self, request: HttpRequest) -> HttpResponse:
        """Ask for the file; it is kept, and nothing is changed yet."""
        if not self.has_upload_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            upload = services.upload_keep(
                kind=ImportKind(form.cleaned_data["kind"]),
                name=file.name,
                content=file.read(),
                campaign=form.cleaned_data["campaign"],
                is_test=form.cleaned_data["is_test"],
                by=int(request.user.pk or 0),
            )
            return redirect("admin:imports_upload_work", upload.pk)
        columns = [
            (kind.value, [(name, name in NEEDED[kind]) for name in COLUMNS[kind]])
            for kind in ImportKind
        ]
        context = {"form": form, "columns": columns}
        return self._page(request, "imports/bring.html", "Bring history in", context)

    @action(description="Check and bring in", icon="play_arrow", url_path="work")
    def work(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Look at the file, bring it in, or have the refused lines as a file."""
        upload = self.get_object(request, object_id)
        if upload is None:
            raise Http404
        if not self.has_view_permission(request, upload):
            raise PermissionDenied
        if request.method == "POST":
            return self._do(request, upload)
        if "refused" in request.GET:
            rows = upload.refused_lines.values_list("line", "field", "reason")
            return csv_response(
                f"{upload.public_id}-refused.csv", ("line", "field", "reason"), rows.iterator()
            )
        context = {
            "upload": upload,
            "kept": Upload.objects.filter(pk=upload.pk, content__isnull=False).exists(),
            "busy": upload.working_until is not None and upload.working_until > clock.now(),
            "refused": list(upload.refused_lines.all()[:REFUSED_SHOWN]),
            "may": self.has_upload_permission(request),
            "needs_another": upload.kind == ImportKind.BALANCES
            and upload.uploaded_by_id == request.user.pk,
        }
        return self._page(request, "imports/work.html", str(upload), context)

    def _do(self, request: HttpRequest, upload: Upload) -> HttpResponseBase:
        if not self.has_upload_permission(request):
            raise PermissionDenied
        do: Callable[[], Iterator[Progress]]
        if request.POST.get("do") == "bring":
            do = lambda: services.upload_bring_in(  # noqa: E731
                upload_id=upload.pk, by=int(request.user.pk or 0), now=clock.now()
            )
        else:
            do = lambda: services.upload_check(upload_id=upload.pk, now=clock.now())  # noqa: E731
        if "stream" in request.POST:
            return _stream(do())
        try:
            for _ in do():
                pass
        except EngineError as error:
            self.message_user(request, str(error), messages.ERROR)
        return redirect("admin:imports_upload_work", upload.pk)

    def _page(
        self, request: HttpRequest, page: str, title: str, context: dict[str, Any]
    ) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "title": title}
        return render(request, page, {**shared, **context})


def _stream(steps: Iterator[Progress]) -> StreamingHttpResponse:
    """A line of JSON per step, `done` of `total`; the last one says whether it came to its end."""

    def lines() -> Iterator[str]:
        try:
            for step in steps:
                yield json.dumps({"done": step.done, "total": step.total}) + "\n"
            yield json.dumps({"ended": True}) + "\n"
        except EngineError as error:
            yield json.dumps({"refused": str(error)}) + "\n"

    response = StreamingHttpResponse(lines(), content_type="application/x-ndjson")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # a proxy that waits for the end shows no progress
    return response

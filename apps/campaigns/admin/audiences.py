"""Lists of members, uploaded by operators."""

import csv
import io
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
)

from apps.campaigns import services
from apps.campaigns.models import Audience, AudienceMember
from apps.core.admin import EngineAdmin, FactAdmin, mode_column
from apps.core.transactions import retrying

MOST_UPLOADED = 16 * 1024 * 1024
MOST_IDS = 500_000
ID_LENGTH = 128
UNKNOWN_SHOWN = 200

# What the first line of a file may be called, and is then no id.
_HEADINGS = ("external_id", "external id", "id", "member", "member_id")


class MembersForm(forms.Form):
    do = forms.ChoiceField(
        label="What to do",
        choices=[("add", "Put them on the list"), ("remove", "Take them off the list")],
        initial="add",
        widget=UnfoldAdminRadioSelectWidget(),
    )
    file = forms.FileField(
        label="CSV file",
        required=False,
        widget=UnfoldAdminFileFieldWidget(),
        help_text="The shop's own ids of the members (external_id) in the first column.",
    )
    pasted = forms.CharField(
        label="Or pasted",
        required=False,
        max_length=MOST_UPLOADED,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text="One id per line.",
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload is not None and upload.size > MOST_UPLOADED:
            raise forms.ValidationError("This is over 16 MB: upload it in parts.")
        return upload

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if self.errors:
            return given
        ids = _ids(given.get("pasted") or "")
        if given.get("file") is not None:
            ids += _ids(self._text(given["file"]))
        if not ids and not self.errors:
            self.add_error(None, "Choose a file, or paste some ids.")
        if len(ids) > MOST_IDS:
            self.add_error(None, f"At most {MOST_IDS:,} ids at a time.")
        if too_long := next((one for one in ids if len(one) > ID_LENGTH), ""):
            self.add_error(None, f"“{too_long[:40]}…” is too long for an id.")
        given["ids"] = ids
        return given

    def _text(self, upload: Any) -> str:
        try:
            text: str = upload.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            self.add_error("file", "This is no text in UTF-8. Save it as CSV UTF-8.")
            return ""
        return text


def _ids(text: str) -> list[str]:
    """The first cell of each line that has one; a heading and NULs are left out."""
    try:
        rows = [row[0].strip() for row in csv.reader(io.StringIO(text.replace("\0", ""))) if row]
    except csv.Error:
        rows = [line.strip() for line in text.splitlines()]
    if rows and rows[0].lower() in _HEADINGS:
        rows = rows[1:]
    return [row for row in rows if row]


@admin.register(Audience)
class AudienceAdmin(EngineAdmin):
    list_display = ("name", "size", "of_partners", mode_column, "public_id", "created_at")
    list_filter = ("is_test", "of_partners")
    search_fields = ("name", "public_id")
    ordering = ("-id",)
    actions_detail = ("members",)
    fieldsets = ((None, {"fields": ("name", "is_test", "of_partners")}),)
    labels = {"is_test": "Of test members", "of_partners": "Of partners"}
    help_texts = {
        "name": "What policies call it: “Regulars”, “Staff”.",
        "of_partners": "Seeds on it are kept out of the draw of variants: somebody with a thousand "
        "followers would decide a comparison alone. They get what holds in every variant.",
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Audience]:
        return super().get_queryset(request).annotate(members=Count("entries"))

    @admin.display(description="Members", ordering="members")
    def size(self, audience: Any) -> str:
        return f"{audience.members:,}"

    def get_fieldsets(self, request: HttpRequest, obj: Audience | None = None) -> Any:
        if obj is None:
            return self.fieldsets
        return ((None, {"fields": ("name", "of_partners", ("is_test", "size", "public_id"))}),)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Audience | None = None
    ) -> tuple[str, ...]:
        return () if obj is None else ("is_test", "size", "public_id")

    def has_delete_permission(self, request: HttpRequest, obj: Audience | None = None) -> bool:
        return False  # published versions may ask for it

    @action(description="Upload members", url_path="members", icon="upload")
    def members(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put members on the list or take them off, and say which ids are unknown."""
        audience = self.get_object(request, object_id)
        if audience is None:
            raise Http404
        if not self.has_change_permission(request, audience):
            raise PermissionDenied
        form = MembersForm(request.POST or None, request.FILES or None)
        context: dict[str, Any] = {}
        if request.method == "POST" and form.is_valid():
            adds = form.cleaned_data["do"] == "add"
            change = retrying(lambda: _change(audience, form.cleaned_data["ids"], adds=adds))
            context = {
                "change": change,
                "adds": adds,
                "unknown_shown": change.unknown[:UNKNOWN_SHOWN],
                "unknown_more": max(len(change.unknown) - UNKNOWN_SHOWN, 0),
            }
            verb = "put on the list" if adds else "taken off the list"
            level = messages.WARNING if change.unknown else messages.SUCCESS
            self.message_user(request, f"{change.changed:,} members {verb}.", level)
            form = MembersForm(initial={"do": form.cleaned_data["do"]})
        return render(
            request,
            "campaigns/audience_members.html",
            {
                **self.admin_site.each_context(request),
                "title": f"Upload members: {audience}",
                "audience": audience,
                "count": audience.entries.count(),
                "form": form,
                **context,
            },
        )


def _change(audience: Audience, ids: list[str], *, adds: bool) -> services.AudienceChange:
    service = services.audience_add if adds else services.audience_remove
    with transaction.atomic():
        return service(audience_id=audience.pk, external_ids=ids)


@admin.register(AudienceMember)
class AudienceMemberAdmin(FactAdmin):
    list_display = ("audience", "member", "added_at")
    list_filter = ("audience",)
    list_select_related = ("audience", "member")
    search_fields = ("member__public_id", "member__identities__value")
    ordering = ("-id",)
    show_full_result_count = False

"""Gifts the shop hands over."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from apps.core.admin import status_column
from apps.members.admin import member_column
from apps.obligations import services
from apps.obligations.admin.dialogs import NoteForm, ReasonForm, RequestedAdmin, dialog
from apps.obligations.models import Fulfilment


@admin.register(Fulfilment)
class FulfilmentAdmin(RequestedAdmin):
    list_display = (
        "public_id",
        member_column(),
        "gift",
        "quantity",
        status_column(),
        "reference",
        "requested_at",
        "confirmed_at",
    )
    list_filter = ("status", "member__is_test", "requested_at")
    list_select_related = ("member__profile",)
    search_fields = ("public_id", "gift", "reference", "member__public_id", "key")
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("hand_over",)
    actions_detail = ("confirm", "cancel")

    @admin.action(description="Confirm: these were handed over", permissions=["resolve"])
    def hand_over(self, request: HttpRequest, queryset: QuerySet[Fulfilment]) -> None:
        confirm = services.fulfilment_confirm
        self.resolve_each(request, confirm, queryset, "gifts confirmed", "gift confirmed")

    @action(
        description="Confirm: handed over",
        icon="check",
        permissions=["resolve"],
        dialog=dialog("gift", "was handed over", "", NoteForm),
    )
    def confirm(self, request: HttpRequest, form: NoteForm, object_id: str) -> HttpResponse:
        confirm = services.fulfilment_confirm
        return self.resolve(request, confirm, "gift confirmed", form, object_id)

    @action(
        description="It cannot be had",
        icon="close",
        permissions=["resolve"],
        dialog=dialog(
            "gift", "cannot be had", "An exchange for it gives its points back.", ReasonForm
        ),
    )
    def cancel(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        cancel = services.fulfilment_cancel
        return self.resolve(request, cancel, "gift cancelled", form, object_id)

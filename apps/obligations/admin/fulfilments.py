"""Gifts the shop hands over."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from apps.core import clock
from apps.core.admin import FactAdmin, run_on_each, status_column
from apps.members.admin import member_column
from apps.obligations import services
from apps.obligations.admin.dialogs import NoteForm, ReasonForm, run_dialog, stands_at
from apps.obligations.models import Fulfilment


@admin.register(Fulfilment)
class FulfilmentAdmin(FactAdmin):
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

    def has_resolve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if object_id and not stands_at(self, request, object_id, Fulfilment.Status.REQUESTED):
            return False
        return bool(request.user.has_perm("obligations.change_fulfilment"))

    @admin.action(description="Confirm: these were handed over", permissions=["resolve"])
    def hand_over(self, request: HttpRequest, queryset: QuerySet[Fulfilment]) -> None:
        run_on_each(
            self,
            request,
            queryset.select_related("member"),
            lambda gift: services.fulfilment_confirm(
                public_id=gift.public_id, is_test=gift.member.is_test, now=clock.now()
            ),
            "gifts confirmed",
            "gift confirmed",
        )

    @action(
        description="Confirm: handed over",
        icon="check",
        permissions=["resolve"],
        dialog={
            "title": "This gift was handed over",
            "description": "That is final.",
            "form_class": NoteForm,
            "form_submit_text": "It was handed over",
        },
    )
    def confirm(self, request: HttpRequest, form: NoteForm, object_id: str) -> HttpResponse:
        return run_dialog(
            self,
            request,
            object_id,
            lambda gift: services.fulfilment_confirm(
                public_id=gift.public_id,
                is_test=gift.member.is_test,
                note=form.cleaned_data["note"],
                now=clock.now(),
            ),
            "gift confirmed",
        )

    @action(
        description="It cannot be had",
        icon="close",
        permissions=["resolve"],
        dialog={
            "title": "This gift cannot be had",
            "description": "That is final. An exchange for it gives its points back.",
            "form_class": ReasonForm,
            "form_submit_text": "It cannot be had",
        },
    )
    def cancel(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return run_dialog(
            self,
            request,
            object_id,
            lambda gift: services.fulfilment_cancel(
                public_id=gift.public_id,
                is_test=gift.member.is_test,
                note=form.cleaned_data["note"],
                now=clock.now(),
            ),
            "gift cancelled",
        )

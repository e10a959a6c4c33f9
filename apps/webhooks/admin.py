from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.admin import EngineAdmin, FactAdmin, mode_column, run_on_each, status_column
from apps.webhooks import rules, services
from apps.webhooks.models import Delivery, Endpoint


class EndpointForm(forms.ModelForm):
    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        if problem := rules.address_problem(url):
            raise forms.ValidationError(problem)
        return url

    def clean_kinds(self) -> list[str]:
        kinds = self.cleaned_data["kinds"] or []
        if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
            raise forms.ValidationError("A JSON list of kinds, such as " + '["order.paid"].')
        return kinds


@admin.register(Endpoint)
class EndpointAdmin(EngineAdmin):
    form = EndpointForm
    list_display = ("url", "description", "kinds", mode_column, "is_active", "created_at")
    list_filter = ("is_active", "is_test")
    search_fields = ("url", "public_id")
    ordering = ("-id",)
    actions = ("deactivate",)

    def get_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> tuple[str, ...]:
        fields = ("url", "description", "kinds", "is_test")
        return (*fields, "is_active") if obj else fields

    def get_readonly_fields(
        self, request: HttpRequest, obj: Endpoint | None = None
    ) -> tuple[str, ...]:
        return ("is_test",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Endpoint | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        kinds = tuple(obj.kinds)
        if change:
            services.endpoint_update(
                endpoint_id=obj.pk,
                url=obj.url,
                kinds=kinds,
                description=obj.description,
                is_active=obj.is_active,
            )
            return
        created = services.endpoint_create(
            url=obj.url, kinds=kinds, description=obj.description, is_test=obj.is_test
        )
        obj.pk = created.pk
        self.message_user(
            request, f"The signing secret, shown this once: {created.secret}", messages.WARNING
        )

    @admin.action(description="Switch off: tell them nothing more")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda endpoint: services.endpoint_deactivate(endpoint_id=endpoint.pk),
            "endpoints switched off",
            "endpoint switched off",
        )


@admin.register(Delivery)
class DeliveryAdmin(FactAdmin):
    list_display = (
        "message_id",
        "endpoint",
        "event",
        status_column(),
        "attempts",
        "last_status_code",
        "due_at",
        "delivered_at",
    )
    list_filter = ("status", "endpoint")
    list_select_related = ("endpoint", "event")
    search_fields = ("public_id", "message_id", "event__key")
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("retry",)

    @admin.action(description="Send again now")
    def retry(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda delivery: services.delivery_retry(delivery_id=delivery.pk),
            "deliveries will be sent again",
        )

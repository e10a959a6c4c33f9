"""When statements are made."""

import zoneinfo
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from apps.core.admin import EngineAdmin, mode_column, run_on_each
from apps.obligations import services
from apps.obligations.models import PayoutPlan


class PlanForm(forms.ModelForm):
    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"])
        if name not in zoneinfo.available_timezones():
            raise forms.ValidationError(services.TimeZoneUnknown.message)
        return name


@admin.register(PayoutPlan)
class PayoutPlanAdmin(EngineAdmin):
    form = PlanForm
    list_display = (
        "__str__",
        mode_column,
        "schedule",
        "day",
        "time_zone",
        "minimum_minor",
        "next_at",
    )
    ordering = ("is_test",)
    fields = (("schedule", "day"), "time_zone", "minimum_minor", "next_at")
    readonly_fields = ("next_at",)
    actions = ("close_now",)
    labels = {
        "schedule": "Statements are made",
        "day": "On this day of the month",
        "minimum_minor": "Smallest statement",
    }
    help_texts = {
        "day": "1 to 28, at midnight; only when made every month.",
        "time_zone": "Whose midnight, such as Asia/Shanghai.",
    }

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        for is_test in (False, True):
            services.plan_open(is_test=is_test)
        return super().changelist_view(request, extra_context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_close_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("obligations.add_payout"))

    def save_model(self, request: HttpRequest, obj: PayoutPlan, form: Any, change: bool) -> None:
        plan = services.plan_change(
            is_test=obj.is_test,
            schedule=obj.schedule,
            day=obj.day,
            time_zone=obj.time_zone,
            minimum_minor=obj.minimum_minor,
        )
        obj.next_at = plan.next_at

    @admin.action(description="Make all statements now", permissions=["close"])
    def close_now(self, request: HttpRequest, queryset: QuerySet[PayoutPlan]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda plan: services.plan_run_now(is_test=plan.is_test),
            "plans are being carried out; the statements appear among the payouts",
            "plan is being carried out; the statements appear among the payouts",
        )

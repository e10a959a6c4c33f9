"""Admin classes that every app's admin builds on, and the event log's own pages."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django_celery_beat import admin as beat_admin
from django_celery_beat import models as beat
from unfold.admin import ModelAdmin, TabularInline

from apps.core import services
from apps.core.errors import EngineError
from apps.core.models import Event, IdempotentReply


class FactAdmin(ModelAdmin):
    """A table of facts: everything visible, nothing editable."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class FactInline(TabularInline):
    """Rows of facts beneath another one."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def run_on_each(
    admin_page: ModelAdmin, request: HttpRequest, rows: QuerySet[Any], call: Any, done: str
) -> None:
    """Call a service for each chosen row and tell the operator how it went, refusals by name."""
    succeeded = 0
    for row in rows:
        try:
            call(row)
            succeeded += 1
        except EngineError as error:
            admin_page.message_user(request, f"{row}: {error}", messages.ERROR)
    if succeeded:
        admin_page.message_user(request, f"{succeeded} {done}.", messages.SUCCESS)


@admin.register(Event)
class EventAdmin(FactAdmin):
    list_display = ("id", "kind", "key", "status", "attempts", "occurred_at", "processed_at")
    list_filter = ("status", "kind", "is_test")
    search_fields = ("key",)
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("retry",)

    @admin.action(description="Retry parked events")
    def retry(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda event: services.event_retry(event_id=event.pk),
            "events will be tried again",
        )


@admin.register(IdempotentReply)
class IdempotentReplyAdmin(FactAdmin):
    list_display = ("key", "credential", "method", "path", "status_code", "created_at")
    search_fields = ("key",)
    ordering = ("-id",)
    show_full_result_count = False


for _model, _page in (
    (beat.PeriodicTask, beat_admin.PeriodicTaskAdmin),
    (beat.ClockedSchedule, beat_admin.ClockedScheduleAdmin),
    (beat.CrontabSchedule, beat_admin.CrontabScheduleAdmin),
):
    admin.site.unregister(_model)
    admin.site.register(_model, type(_page.__name__, (_page, ModelAdmin), {}))

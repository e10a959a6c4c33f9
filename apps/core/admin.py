"""Admin classes that every app's admin builds on, and the engine's own pages."""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet, URLField
from django.http import HttpRequest
from django_celery_beat import admin as beat_admin
from django_celery_beat import models as beat
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.decorators import display
from unfold.forms import (
    AdminPasswordChangeForm,
    PaginationInlineFormSet,
    UserChangeForm,
    UserCreationForm,
)

from apps.core import services
from apps.core.errors import EngineError
from apps.core.models import Event, IdempotentReply
from apps.core.templatetags.money import money
from apps.core.transactions import retrying

Column = Callable[[Any], Any]

# What a status means to an operator, whatever it is the status of.
_COLOURS = {
    "success": (
        *("running", "completed", "confirmed", "settled", "paid", "done", "delivered"),
        *("active", "approved"),
    ),
    "info": ("scheduled", "open", "provisional", "pending", "held", "requested", "checked"),
    "warning": ("paused", "closing", "parked", "proposed"),
    "danger": ("failed", "cancelled", "clawed_back"),
}


def pk_in(object_id: Any) -> int:
    """The primary key in an address of the admin; 0, which no row has, where none is in it."""
    text = str(object_id)
    return int(text[:18]) if text.isascii() and text.isdigit() else 0


def status_column(field: str = "status", description: str = "Status") -> Column:
    """A list column that shows a choice as a coloured label."""
    colours = {status: colour for colour, group in _COLOURS.items() for status in group}

    @display(description=description, ordering=field, label=colours)
    def column(row: Any) -> tuple[str, str] | str:
        value = getattr(row, field)
        words = str(value).replace("_", " ")
        return (value, words) if value in colours else words

    return column


@display(description="Mode", ordering="is_test", label={"test": "warning"})
def mode_column(row: Any) -> str:
    """A list column that tells test rows from live ones."""
    return "test" if row.is_test else "live"


def money_column(field: str, description: str, *, currency: str = "currency") -> Column:
    """A list column that shows minor units as money; `currency` is a dotted path from the row."""

    @admin.display(description=description, ordering=field)
    def column(row: Any) -> str:
        try:
            return money(getattr(row, field), attrgetter(currency)(row))
        except ObjectDoesNotExist:  # a row that is only being added belongs to nothing yet
            return "–"

    return column


class SavesOnlyChanges(PaginationInlineFormSet):
    """Rows beneath another one, of which only what was changed is saved."""

    def save_existing(self, form: Any, obj: Model, commit: bool = True) -> Model:
        if commit:
            obj.save(update_fields=form.changed_data)
        return obj


class _Worded:
    """Form fields in a page's own words, where it has some."""

    labels: dict[str, str] = {}
    help_texts: dict[str, str] = {}

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if isinstance(db_field, URLField):  # typed without its scheme, it is meant as https
            kwargs = {"assume_scheme": "https", **kwargs}
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None:
            field.label = self.labels.get(db_field.name, field.label)
            field.help_text = self.help_texts.get(db_field.name, field.help_text)
        return field


class _AllConstraints:
    """A form that asks the row's constraints about fields it does not show, too.

    Django leaves out a constraint as soon as one of its fields is not on the form: an end before a
    start that is fixed by now would be an error of the database instead of a word to the operator.
    """

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:  # type: ignore[attr-defined]
            return
        try:
            self.instance.validate_constraints()  # type: ignore[attr-defined]
        except ValidationError as error:
            self._update_errors(error)  # type: ignore[attr-defined]


class EngineAdmin(_Worded, ModelAdmin):
    """A table operators edit. Saving writes only what they changed.

    The row beside it moves on while a form is open: a plain save would put an old status, stock or
    spending back.
    """

    compressed_fields = False

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (_AllConstraints, form), {})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)
        else:
            obj.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the rows beneath, and only then run the button that was pressed.

        Unfold would run it right after the row itself, before what belongs to it is there.
        """
        super().save_related(request, form, formsets, change)
        for action in self.get_actions_submit_line(request, form.instance.pk):
            if action.action_name in request.POST:
                action.method(request, form.instance)


class EngineTabularInline(_Worded, TabularInline):
    """Rows operators edit beneath another one; saves only what they changed."""

    extra = 0
    formset = SavesOnlyChanges


class EngineStackedInline(_Worded, StackedInline):
    """The same, with room for many fields."""

    extra = 0
    formset = SavesOnlyChanges


class FactAdmin(_Worded, ModelAdmin):
    """A table of facts: everything visible, nothing editable."""

    list_fullwidth = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class FactInline(_Worded, TabularInline):
    """Rows of facts beneath another one."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def run_on_each(
    admin_page: ModelAdmin,
    request: HttpRequest,
    rows: Iterable[Any],
    call: Callable[[Any], object],
    done: str,
    one_done: str = "",
) -> None:
    """Call a service for each chosen row and tell the operator how it went, refusals by name.

    Each call stands alone: one that is refused undoes nothing of the others. `one_done` says
    `done` of a single row.
    """
    succeeded = 0
    for row in rows:
        try:
            retrying(lambda row=row: _alone(call, row))  # type: ignore[misc]
            succeeded += 1
        except EngineError as error:
            admin_page.message_user(request, f"{row}: {error}", messages.ERROR)
    if succeeded:
        words = one_done if succeeded == 1 and one_done else done
        admin_page.message_user(request, f"{succeeded} {words}.", messages.SUCCESS)


def _alone(call: Callable[[Any], object], row: Any) -> None:
    # Services have no savepoint of their own, and the admin's change page is one transaction.
    with transaction.atomic():
        call(row)


@admin.register(Event)
class EventAdmin(FactAdmin):
    list_display = ("id", "kind", "key", status_column(), "attempts", "occurred_at", "processed_at")
    list_filter = ("status", "kind", "is_test")
    search_fields = ("key",)
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("retry",)

    @admin.action(description="Try the parked ones again")
    def retry(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda event: services.event_retry(event_id=event.pk),
            "events will be tried again",
            "event will be tried again",
        )


@admin.register(IdempotentReply)
class IdempotentReplyAdmin(FactAdmin):
    list_display = ("key", "credential", "method", "path", "status_code", "created_at")
    list_filter = ("method", "status_code")
    search_fields = ("key", "path")
    ordering = ("-id",)
    show_full_result_count = False


class OperatorAdmin(auth_admin.UserAdmin, ModelAdmin):
    """Who may come in here."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


class OperatorGroupAdmin(auth_admin.GroupAdmin, ModelAdmin):
    """What operators of a kind may see and do."""


def _dressed(page: "type[admin.ModelAdmin[Any]]") -> type[ModelAdmin]:
    """Somebody else's admin page in this admin's clothes."""
    return type(page.__name__, (page, ModelAdmin), {})


for _model, _page in (
    (User, OperatorAdmin),
    (Group, OperatorGroupAdmin),
    (beat.PeriodicTask, _dressed(beat_admin.PeriodicTaskAdmin)),
    (beat.ClockedSchedule, _dressed(beat_admin.ClockedScheduleAdmin)),
    (beat.CrontabSchedule, _dressed(beat_admin.CrontabScheduleAdmin)),
    (beat.IntervalSchedule, _dressed(beat_admin.IntervalScheduleAdmin)),
    (beat.SolarSchedule, _dressed(beat_admin.SolarScheduleAdmin)),
):
    admin.site.unregister(_model)
    admin.site.register(_model, _page)

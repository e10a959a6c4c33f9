"""Templates: what coupons are worth, and the buttons that mint and stop them."""

import itertools
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from unfold.decorators import action

from apps.core import clock
from apps.core.admin import (
    EngineAdmin,
    EngineTabularInline,
    mode_column,
    pk_in,
    run_on_each,
    status_column,
)
from apps.core.csv_export import csv_response
from apps.core.errors import EngineError
from apps.core.templatetags.money import money
from apps.coupons import selectors, services
from apps.coupons.admin.forms import MassIssueForm, PoolImportForm, TemplateForm
from apps.coupons.admin.words import in_words
from apps.coupons.models import Batch, Step, Template

CODES_HEADER = ("code", "expires_at")
CHUNK = 5_000
REFUSED_SHOWN = 100


def _when(condition: str) -> str:
    """Show a field on this condition; on a page where the kind is fixed, always."""
    return f"typeof kind === 'undefined' || {condition}"


class StepInline(EngineTabularInline):
    model = Step
    verbose_name_plural = "Steps of a full reduction"
    labels = {"from_minor": "From", "off_minor": "Takes off"}
    help_texts = {
        "from_minor": "In minor units: 20000 is 200.00.",
        "off_minor": "In minor units: 2000 is 20.00.",
    }

    def has_add_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        return super().has_add_permission(request, obj) and _is_draft(obj)

    def has_change_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_draft(obj)


def _is_draft(template: Template | None) -> bool:
    return template is None or template.status == Template.Status.DRAFT


@admin.register(Template)
class TemplateAdmin(EngineAdmin):
    form = TemplateForm
    list_display = (
        "name",
        status_column(),
        "how",
        "worth",
        "places",
        "starts_at",
        "ends_at",
        mode_column,
    )
    list_filter = ("status", "kind", "applies", "is_test", "currency")
    search_fields = ("name", "public_id", "partner")
    ordering = ("-id",)
    inlines = (StepInline,)
    actions = ("activate", "stop")
    actions_submit_line = ("save_and_activate",)
    actions_detail = ("mass_issue", "import_codes")
    warn_unsaved_form = True
    stated = ("public_id", "status", "in_figures")
    labels = {
        "is_test": "Test template",
        "applies": "Who it applies to",
        "kind": "What it gives",
        "face_minor": "Worth",
        "ceiling_minor": "At the most",
        "repeats": "Each time the step is reached",
        "gift": "The gift",
        "min_basket_minor": "Smallest basket",
        "stacking": "Beside other coupons",
        "stack_group": "Its group",
        "starts_at": "Usable from",
        "ends_at": "Usable until",
        "valid_hours": "Valid for, in hours",
        "code_source": "Where the codes come from",
        "is_public": "Anybody may claim one",
        "issue_cap": "At most, in all",
        "member_limit": "At most, per member",
        "guest_limit": "At most held for guests",
    }
    help_texts = {
        "description": "Shown to shoppers.",
        "partner": "Who honours it, if it is not the shop itself. By the shop's own id of a member, "
        "their statement shows it.",
        "currency": "Three letters, such as CNY.",
        "face_minor": "In minor units: 1000 is 10.00. Of a gift: what it is worth. Of free "
        "shipping: the most it takes off.",
        "ceiling_minor": "In minor units. It is also what one coupon can cost you at the worst.",
        "repeats": "20 off per 200 takes 40 off from 400. Needs a single step and a ceiling.",
        "min_basket_minor": "Of the lines it is for, at the shop's prices; in minor units.",
        "stack_group": "Of a group, only one coupon applies. Any name, such as “brand”.",
        "priority": "Of sets that save the same, the one with the higher priority is used.",
        "starts_at": "Coupons can be had before. Empty: at once.",
        "ends_at": "Then every coupon of it expires, whatever its hours. Empty: never.",
        "valid_hours": "After a member has it: 720 is 30 days. Empty: as long as the window.",
        "issue_cap": "Empty: no limit.",
        "member_limit": "Empty: no limit.",
        "guest_limit": "Coupons waiting at any one time for guests to log in, a day each.",
    }
    conditional_fields = {
        "face_minor": _when("['amount', 'gift', 'free_shipping'].includes(kind)"),
        "percent_bps": _when("kind == 'percent'"),
        "ceiling_minor": _when("['percent', 'steps'].includes(kind)"),
        "repeats": _when("kind == 'steps'"),
        "gift": _when("kind == 'gift'"),
        "stack_group": "typeof stacking === 'undefined' || stacking == 'group'",
        **dict.fromkeys(
            ("code_source", "is_public", "issue_cap", "member_limit", "guest_limit", "valid_hours"),
            "typeof applies === 'undefined' || applies == 'claimed'",
        ),
    }
    fieldsets = (
        (None, {"fields": ("name", "description", ("applies", "is_test"), "partner")}),
        (
            "What it gives",
            {
                "fields": (
                    ("kind", "currency"),
                    ("face_minor", "percent_bps", "ceiling_minor"),
                    ("repeats", "gift"),
                )
            },
        ),
        (
            "For which baskets",
            {
                "fields": (
                    "min_basket_minor",
                    ("skus", "not_skus"),
                    ("tags", "not_tags"),
                    ("stacking", "stack_group", "priority"),
                )
            },
        ),
        ("When", {"fields": (("starts_at", "ends_at"), "valid_hours")}),
        (
            "How many",
            {
                "fields": (
                    ("code_source", "is_public"),
                    ("issue_cap", "member_limit", "guest_limit"),
                )
            },
        ),
    )
    _state = (
        "State",
        {
            "fields": (("status", "public_id"), "in_figures"),
            "description": "Once it is active its terms are fixed, for coupons are promises. "
            "Stopped, it mints nothing more; coupons in hand stay good.",
        },
    )

    _fixed = (
        ("State", {**_state[1], "fields": (("status", "public_id"), "in_figures", "terms")}),
        (
            "What can still be changed",
            {
                "fields": (
                    *("name", "description", "partner"),
                    ("issue_cap", "guest_limit"),
                    "ends_at",
                )
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Template | None = None) -> Any:
        if obj is None:
            return self.fieldsets
        return (self._state, *self.fieldsets) if _is_draft(obj) else self._fixed

    def get_readonly_fields(
        self, request: HttpRequest, obj: Template | None = None
    ) -> tuple[str, ...]:
        return (*self.stated, "terms")

    @admin.display(description="Its terms")
    def terms(self, template: Template) -> str:
        lines = in_words(template, self.worth(template))
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))

    def has_delete_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        return obj is not None and _is_draft(obj)

    @admin.display(description="Applies", ordering="applies")
    def how(self, template: Template) -> str:
        return "by itself" if template.applies == Template.Applies.AUTOMATIC else "in hand"

    @admin.display(description="Worth")
    def worth(self, template: Template) -> str:
        cost = money(selectors.cost_of(template), template.currency)
        words = {
            Template.Kinds.PERCENT: f"{template.percent_bps / 100:g} %, up to {cost}",
            Template.Kinds.STEPS: f"Full reduction, up to {cost}",
            Template.Kinds.GIFT: f"{template.gift} ({cost})",
            Template.Kinds.FREE_SHIPPING: f"Shipping, up to {cost}",
        }
        return words.get(Template.Kinds(template.kind), cost)

    @admin.display(description="Issued", ordering="issued")
    def places(self, template: Template) -> str:
        if template.applies == Template.Applies.AUTOMATIC:
            return "–"
        of = f" of {template.issue_cap:,}" if template.issue_cap is not None else ""
        return f"{template.issued:,}{of}"

    @admin.display(description="Its coupons")
    def in_figures(self, template: Template) -> str:
        figures = selectors.figures(template)
        parts = [f"{count:,} {status}" for status, count in figures.by_status.items()]
        if template.code_source == Template.CodeSource.POOL:
            parts.append(f"{figures.pool_left:,} codes left in the pool")
        return ", ".join(parts) or "None yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        return super().get_queryset(request).prefetch_related("steps")

    @action(description="Save and activate")
    def save_and_activate(self, request: HttpRequest, template: Template) -> None:
        self.activate(request, Template.objects.filter(pk=template.pk))

    @admin.action(description="Activate: fix the terms, and let coupons be had")
    def activate(self, request: HttpRequest, queryset: QuerySet[Template]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.template_activate(template_id=row.pk),
            "templates active",
            "template active",
        )

    @admin.action(description="Stop: no more coupons; those in hand stay good")
    def stop(self, request: HttpRequest, queryset: QuerySet[Template]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.template_stop(template_id=row.pk),
            "templates stopped",
            "template stopped",
        )

    @action(description="Mass issue", url_path="mass-issue", icon="confirmation_number")
    def mass_issue(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Make many codes and download them; the file begins while they are made."""
        template = self._template(request, object_id)
        form = MassIssueForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                batch = self._order(request, template, form.cleaned_data)
            except EngineError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                rows = services.batch_rows(batch=batch, now=clock.now())
                return csv_response(f"{batch.public_id}.csv", CODES_HEADER, rows)
        context = {"left": _left(template), "form": form}
        return self._page(request, "coupons/mass_issue.html", template, "Mass issue", context)

    def _order(self, request: HttpRequest, template: Template, given: dict[str, Any]) -> Batch:
        known = Batch.objects.filter(key=given["key"]).exists()
        left = _left(template)
        if not known and left is not None and given["count"] > left:
            raise services.CouponsExhausted(f"Only {left:,} more can be issued.")
        with transaction.atomic():
            return services.batch_order(
                template=template.public_id,
                count=given["count"],
                key=given["key"],
                ordered_by=request.user.pk,
                now=clock.now(),
            )

    @action(description="Import codes", url_path="import-codes", icon="upload")
    def import_codes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Add another system's codes to the pool, and say which lines were refused."""
        template = self._template(request, object_id)
        form = PoolImportForm(request.POST or None, request.FILES or None)
        context: dict[str, Any] = {"form": form}
        if request.method == "POST" and form.is_valid():
            try:
                context |= _import(template, form)
            except EngineError as error:
                self.message_user(request, str(error), messages.ERROR)
        return self._page(request, "coupons/import_codes.html", template, "Import codes", context)

    def _template(self, request: HttpRequest, object_id: str) -> Template:
        template = get_object_or_404(Template, pk=pk_in(object_id))
        if not self.has_change_permission(request, template):
            raise PermissionDenied
        return template

    def _page(
        self,
        request: HttpRequest,
        page: str,
        template: Template,
        title: str,
        context: dict[str, Any],
    ) -> HttpResponse:
        return render(
            request,
            page,
            {
                **self.admin_site.each_context(request),
                "title": f"{title}: {template}",
                "template": template,
                **context,
            },
        )


def _left(template: Template) -> int | None:
    return None if template.issue_cap is None else template.issue_cap - template.issued


def _import(template: Template, form: PoolImportForm) -> dict[str, Any]:
    imported, refused_count = 0, 0
    refused: list[services.RefusedCode] = []
    lines = form.lines()
    while chunk := list(itertools.islice(lines, CHUNK)):
        with transaction.atomic():
            added, faults = services.pool_import(template_id=template.pk, lines=chunk)
        imported, refused_count = imported + added, refused_count + len(faults)
        refused += faults[: REFUSED_SHOWN - len(refused)]
    return {"done": True, "imported": imported, "refused": refused, "refused_count": refused_count}

"""Statements: see what to pay, say that it was paid."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from unfold.decorators import action

from apps.core.admin import FactInline, money_column, status_column
from apps.core.csv_export import csv_response
from apps.members.admin import member_column, member_name
from apps.obligations import selectors, services
from apps.obligations.admin.dialogs import PaidForm, ReasonForm, RequestedAdmin, dialog
from apps.obligations.models import Payout, PayoutLine

_amount = money_column("amount_minor", "Amount", currency="payout.currency")
_total = money_column("total_minor", "Total")


class PayoutLineInline(FactInline):
    model = PayoutLine
    verbose_name_plural = "Lines"
    fields = ("payable", "deduction", "reference", _amount)
    readonly_fields = ("reference", _amount)
    ordering = ("pk",)
    show_change_link = False
    hide_title = True
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutLine]:
        rows = super().get_queryset(request)
        return rows.select_related("payout", "payable", "deduction__take_back__payable")

    @admin.display(description="For")
    def reference(self, line: PayoutLine) -> str:
        return line.named.reference


@admin.register(Payout)
class PayoutAdmin(RequestedAdmin):
    list_display = (
        "public_id",
        member_column(),
        _total,
        status_column(),
        "requested_at",
        "confirmed_at",
    )
    list_filter = ("status", "currency", "member__is_test", "requested_at")
    list_select_related = ("member__profile",)
    search_fields = ("public_id", "reference", "member__public_id", "member__identities__value")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (PayoutLineInline,)
    fields = (
        ("public_id", "status"),
        ("member", _total),
        ("period_from", "period_until"),
        ("requested_at", "confirmed_at", "failed_at"),
        ("reference", "note"),
    )
    readonly_fields = (_total,)
    actions = ("mark_paid",)
    actions_list = ("export_open",)
    actions_detail = ("statement", "confirm", "fail")

    @admin.action(description="Confirm: the shop has paid these", permissions=["resolve"])
    def mark_paid(self, request: HttpRequest, queryset: QuerySet[Payout]) -> None:
        confirm = services.payout_confirm
        self.resolve_each(request, confirm, queryset, "statements confirmed", "statement confirmed")

    @action(
        description="Confirm: it was paid",
        icon="check",
        permissions=["resolve"],
        dialog=dialog(
            "statement", "was paid", "The engine moves no money: the shop did.", PaidForm
        ),
    )
    def confirm(self, request: HttpRequest, form: PaidForm, object_id: str) -> HttpResponse:
        confirm = services.payout_confirm
        return self.resolve(request, confirm, "statement confirmed", form, object_id)

    @action(
        description="It could not be paid",
        icon="close",
        permissions=["resolve"],
        dialog=dialog(
            "statement",
            "could not be paid",
            "The next statement takes what this one named.",
            ReasonForm,
        ),
    )
    def fail(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        fail = services.payout_fail
        return self.resolve(request, fail, "statement marked as failed", form, object_id)

    @action(description="Statement to print", icon="print")
    def statement(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        payout = self.get_object(request, object_id)
        if payout is None:
            raise Http404
        context = {
            "payout": payout,
            "name": member_name(payout.member),
            "lines": selectors.lines_of(payout),
        }
        return render(request, "obligations/statement.html", context)

    @action(description="Open ones as CSV", icon="download", url_path="open.csv")
    def export_open(self, request: HttpRequest) -> StreamingHttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return csv_response("open-payouts.csv", COLUMNS, _open_rows())


COLUMNS = (
    "payout",
    "member",
    "external_id",
    "currency",
    "total_minor",
    "period_until",
    "requested_at",
    "mode",
)


def _open_rows() -> Iterator[tuple[Any, ...]]:
    for is_test in (False, True):
        for *known, until, requested in selectors.open_payout_rows(is_test=is_test):
            mode = "test" if is_test else "live"
            yield (*known, until.isoformat(), requested.isoformat(), mode)

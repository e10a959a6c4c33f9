"""What the shop owes: the oldest first, with buttons to ask again and to say that it was paid."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.timesince import timesince, timeuntil
from unfold.decorators import action, display

from apps.checkout import selectors, services
from apps.core import clock
from apps.core.admin import FactAdmin, money_column, run_on_each
from apps.core.csv_export import csv_response
from apps.groupbuy.models import RefundOrder
from apps.groupbuy.services import refund_order_ask

Status = RefundOrder.Status

_owed = money_column("amount_minor", "Owed")
_asked = money_column("asked_minor", "Asked for at first")
_reduced = money_column("reduced_minor", "Refunded by the shop itself")

_COLOURS = {"waits": "info", "parked": "warning", "failed": "danger", "paid back": "success"}


class StateFilter(admin.SimpleListFilter):
    """Outstanding ones, unless somebody asks for others or searches."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("waiting", "Waits for the shop"),
            ("parked", "Parked"),
            ("failed", "Failed"),
            ("paid", "Paid back"),
            ("all", "All"),
        ]

    def choices(self, changelist: Any) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "Outstanding"}
        yield from others

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[RefundOrder]
    ) -> QuerySet[RefundOrder]:
        match self.value():
            case "waiting":
                return queryset.filter(status=Status.REQUESTED, parked_at=None)
            case "parked":
                return queryset.filter(status=Status.REQUESTED, parked_at__isnull=False)
            case "failed":
                return queryset.filter(status=Status.FAILED)
            case "paid":
                return queryset.filter(status=Status.CONFIRMED)
            case None if not request.GET.get("q"):
                return queryset.filter(status__in=RefundOrder.OUTSTANDING)
        return queryset


@admin.register(RefundOrder)
class RefundOrderAdmin(FactAdmin):
    list_display = (
        "public_id",
        "order",
        _owed,
        "why",
        "state",
        "age",
        "asks",
        "onward",
    )
    list_filter = (StateFilter, "why", "currency", "line__order__is_test")
    list_select_related = ("line__order", "seat__room")
    search_fields = ("public_id", "line__order__order_id", "seat__room__public_id")
    search_help_text = "A refund order, an order or a room. Finds resolved ones too."
    ordering = ("id",)
    show_full_result_count = False
    list_before_template = "checkout/owed.html"
    actions = ("ask_again", "mark_paid")
    actions_list = ("export_outstanding",)
    actions_detail = ("ask_this_again", "confirm")
    fields = (
        ("public_id", "state"),
        ("order", "bought"),
        ("place", "why"),
        (_owed, _asked),
        (_reduced, "failure"),
        ("requested_at", "age"),
        ("asks", "ask_again_at"),
        ("parked_at", "resolved_at"),
    )
    readonly_fields = ("state", "order", "bought", "place", _owed, _asked, _reduced, "age")

    @display(description="State", ordering="status", label=_COLOURS)
    def state(self, refund_order: RefundOrder) -> str:
        if refund_order.status == Status.CONFIRMED:
            return "paid back"
        if refund_order.status == Status.FAILED:
            return "failed"
        return "parked" if refund_order.parked_at else "waits"

    @admin.display(description="Order", ordering="line__order__order_id")
    def order(self, refund_order: RefundOrder) -> str:
        page = reverse("admin:orders_order_change", args=[refund_order.line.order_id])
        return format_html(
            '<a class="report-link" href="{}">{}</a>', page, refund_order.line.order.order_id
        )

    @admin.display(description="Line")
    def bought(self, refund_order: RefundOrder) -> str:
        return refund_order.line.line_id

    @admin.display(description="Room")
    def place(self, refund_order: RefundOrder) -> str:
        room = refund_order.seat.room
        page = reverse("admin:groupbuy_room_change", args=[room.pk])
        return format_html('<a class="report-link" href="{}">{}</a>', page, room.public_id)

    @admin.display(description="Next", ordering="ask_again_at")
    def onward(self, refund_order: RefundOrder) -> str:
        if refund_order.status == Status.FAILED:
            return str(Truncator(refund_order.failure).chars(60))
        if refund_order.parked_at:
            return f"parked {timesince(refund_order.parked_at, clock.now(), depth=1)} ago"
        if refund_order.ask_again_at:
            return f"asked again in {timeuntil(refund_order.ask_again_at, clock.now(), depth=1)}"
        return "–"

    @admin.display(description="Age", ordering="requested_at")
    def age(self, refund_order: RefundOrder) -> str:
        until = refund_order.resolved_at or clock.now()
        return timesince(refund_order.requested_at, until, depth=1)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer = super().changelist_view(request, extra_context)
        context = answer.context_data if isinstance(answer, TemplateResponse) else None
        if context and "cl" in context:  # not when an action has been run
            context["owed"] = selectors.owed_by_currency(context["cl"].queryset)
        return answer

    def has_resolve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if object_id:
            row = self.get_object(request, str(object_id))
            if row is None or row.status == Status.CONFIRMED:
                return False
        return bool(request.user.has_perm("groupbuy.change_refundorder"))

    @admin.action(description="Ask the shop again for these", permissions=["resolve"])
    def ask_again(self, request: HttpRequest, queryset: QuerySet[RefundOrder]) -> None:
        run_on_each(self, request, queryset, _ask, "refunds asked for again", _ASKED)

    @admin.action(description="Confirm: the shop has paid these back", permissions=["resolve"])
    def mark_paid(self, request: HttpRequest, queryset: QuerySet[RefundOrder]) -> None:
        rows = queryset.select_related("line__order")
        run_on_each(self, request, rows, _confirm, "refunds confirmed", _CONFIRMED)

    @action(
        description="Ask the shop again",
        icon="replay",
        permissions=["resolve"],
        dialog={
            "title": "Ask the shop again",
            "description": "The webhook refund.reminded goes out now, and with pauses from then on.",
            "form_submit_text": "Ask again",
        },
    )
    def ask_this_again(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._run(request, object_id, _ask, _ASKED)

    @action(
        description="Confirm: it was paid back",
        icon="check",
        permissions=["resolve"],
        dialog={
            "title": "This was paid back",
            "description": "That is final. The engine moves no money: the shop did.",
            "form_submit_text": "It was paid back",
        },
    )
    def confirm(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._run(request, object_id, _confirm, _CONFIRMED)

    def _run(self, request: HttpRequest, object_id: str, call: Any, done: str) -> HttpResponse:
        row = self.get_object(request, object_id)
        run_on_each(self, request, [row] if row else [], call, done)
        here = reverse("admin:groupbuy_refundorder_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": here})

    @action(description="Outstanding ones as CSV", icon="download", url_path="outstanding.csv")
    def export_outstanding(self, request: HttpRequest) -> StreamingHttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return csv_response("outstanding-refunds.csv", COLUMNS, _outstanding_rows())


_ASKED = "refund asked for again"
_CONFIRMED = "refund confirmed"


def _ask(refund_order: RefundOrder) -> None:
    refund_order_ask(refund_order_id=refund_order.pk)


def _confirm(refund_order: RefundOrder) -> None:
    services.refund_order_paid(
        public_id=refund_order.public_id,
        is_test=refund_order.line.order.is_test,
        now=clock.now(),
    )


COLUMNS = (
    "refund_order",
    "order_id",
    "line_id",
    "currency",
    "amount_minor",
    "reduced_minor",
    "reason",
    "status",
    "failure",
    "asks",
    "requested_at",
    "ask_again_at",
    "parked_at",
    "age_hours",
    "mode",
)


def _outstanding_rows() -> Iterator[tuple[Any, ...]]:
    now = clock.now()
    for *known, requested_at, ask_again_at, parked_at, is_test in selectors.outstanding_rows():
        moments = (moment and moment.isoformat() for moment in (ask_again_at, parked_at))
        hours = max(0, int((now - requested_at).total_seconds() // 3600))
        yield (*known, requested_at.isoformat(), *moments, hours, "test" if is_test else "live")

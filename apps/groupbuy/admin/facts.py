"""Rooms, seats, refund orders and stock, to look at."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timesince import timesince

from apps.core.admin import FactAdmin, FactInline, money_column, status_column
from apps.core.templatetags.money import money
from apps.groupbuy.admin.pages import RoomPages
from apps.groupbuy.models import OfferItem, RefundOrder, Room, Seat
from apps.groupbuy.rules import RoomStatus
from apps.members.admin import member_column

_price = money_column("price_minor", "Price", currency="room.offer.campaign.currency")


@admin.display(description="Final price", ordering="final_price_minor")
def _final_price(seat: Seat) -> str:
    if seat.final_price_minor is None:
        return "–"
    return money(seat.final_price_minor, seat.room.offer.campaign.currency)


class SeatInline(FactInline):
    model = Seat
    fields = (
        "member",
        "position",
        "status",
        "released",
        "item",
        "quantity",
        _price,
        "final_price_minor",
        "settlement",
        "inviter",
        "hold_expires_at",
        "paid_at",
    )
    readonly_fields = (_price,)


@admin.register(Room)
class RoomAdmin(RoomPages, FactAdmin):
    list_display = (
        "public_id",
        "offer",
        member_column("host", "Host"),
        status_column(),
        "why",
        "filled",
        "age",
        "deadline_at",
        "page",
    )
    list_filter = ("status", "reason", "offer__campaign", "offer", "listing", "size")
    list_select_related = ("offer", "host__profile")
    search_fields = ("public_id", "host__public_id")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (SeatInline,)
    actions = ("cancel",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        paid = Count("seats", filter=Q(seats__status=Seat.Status.PAID))
        held = Count("seats", filter=Q(seats__status=Seat.Status.HELD))
        rows: QuerySet[Room] = super().get_queryset(request)
        return rows.annotate(paid_seats=paid, held_seats=held)

    @admin.display(description="Why")
    def why(self, room: Room) -> str:
        if room.completed_short:
            return f"short, with {room.headcount}"
        reason = room.reason.replace("_", " ")
        return f"{reason}: {room.note}" if reason and room.note else reason or room.note or "–"

    @admin.display(description="Seats")
    def filled(self, room: Any) -> str:
        return f"{room.paid_seats} paid, {room.held_seats} held of {room.size}"

    @admin.display(description="Age", ordering="-created_at")
    def age(self, room: Room) -> str:
        return timesince(room.created_at, depth=1)

    @admin.display(description="Page")
    def page(self, room: Room) -> Any:
        if room.status == RoomStatus.PENDING:
            return "–"
        return format_html('<a href="{}">Open</a>', reverse("group", args=[room.public_id]))

    @admin.action(description="Cancel for good: end these rooms and refund everybody…")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Room]) -> HttpResponse:
        return self.before_cancel(list(queryset.values_list("pk", flat=True)))


@admin.register(Seat)
class SeatAdmin(FactAdmin):
    list_display = (
        "public_id",
        "room",
        member_column(),
        status_column(),
        "released",
        "item",
        _price,
        _final_price,
        "settlement",
        "held_at",
        "hold_expires_at",
    )
    list_filter = ("status", "released", "settlement", "room__offer__campaign")
    list_select_related = ("room__offer__campaign", "member__profile", "item")
    search_fields = ("public_id", "room__public_id", "member__public_id", "order_id")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(RefundOrder)
class RefundOrderAdmin(FactAdmin):
    list_display = (
        "public_id",
        "line",
        money_column("amount_minor", "Amount"),
        "why",
        status_column(),
        "requested_at",
        "resolved_at",
    )
    list_filter = ("status", "why")
    list_select_related = ("line",)
    search_fields = ("public_id", "line__order__order_id")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(OfferItem)
class OfferItemAdmin(FactAdmin):
    list_display = (
        "offer",
        "sku",
        "name",
        money_column("single_price_minor", "Alone", currency="offer.campaign.currency"),
        money_column("group_price_minor", "Together", currency="offer.campaign.currency"),
        "stock",
        "held",
        "sold",
    )
    list_filter = ("offer__campaign",)
    list_select_related = ("offer__campaign",)
    search_fields = ("sku", "name")
    ordering = ("-id",)

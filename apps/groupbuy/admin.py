from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from apps.core.admin import (
    EngineAdmin,
    EngineTabularInline,
    FactAdmin,
    FactInline,
    money_column,
    run_on_each,
    status_column,
)
from apps.groupbuy import services
from apps.groupbuy.models import Offer, OfferItem, Room, Seat
from apps.groupbuy.rules import RoomStatus
from apps.members.admin import member_column

_price = money_column("price_minor", "Price", currency="room.offer.campaign.currency")


class OfferItemInline(EngineTabularInline):
    model = OfferItem
    verbose_name_plural = "Items"
    min_num = 1
    fields = ("sku", "name", "single_price_minor", "group_price_minor", "stock", "held", "sold")
    readonly_fields = ("held", "sold")
    can_delete = False
    labels = {"single_price_minor": "Price alone", "group_price_minor": "Price together"}
    help_texts = {
        "single_price_minor": "In minor units: 5900 is 59.00.",
        "group_price_minor": "In minor units: 4900 is 49.00.",
        "stock": "For this offer alone.",
    }


@admin.register(Offer)
class OfferAdmin(EngineAdmin):
    list_display = ("title", "campaign", "room_size", "duration", "is_active", "public_id")
    list_filter = ("is_active", "campaign")
    list_select_related = ("campaign",)
    search_fields = ("title", "public_id")
    ordering = ("-id",)
    inlines = (OfferItemInline,)
    fields = (
        ("title", "campaign"),
        ("room_size", "duration", "hold_ttl"),
        "picture_url",
        "is_active",
    )
    labels = {
        "room_size": "Seats in a room",
        "duration": "A room lasts",
        "hold_ttl": "A seat is held for",
        "picture_url": "Picture",
        "is_active": "New rooms may open",
    }
    help_texts = {"hold_ttl": "While the shop takes payment, as days hours:minutes:seconds."}

    def get_readonly_fields(
        self, request: HttpRequest, obj: Offer | None = None
    ) -> tuple[str, ...]:
        # Its rooms and their participants are in that campaign.
        return ("public_id", "campaign") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Offer | None = None) -> tuple[Any, ...]:
        # Not while adding: the form's draft has another id than the offer that will be saved.
        return (*self.fields, "public_id") if obj else self.fields

    def has_delete_permission(self, request: HttpRequest, obj: Offer | None = None) -> bool:
        return False


class SeatInline(FactInline):
    model = Seat
    fields = ("member", "position", "status", "released", _price, "inviter", "paid_at")
    readonly_fields = (_price,)


@admin.register(Room)
class RoomAdmin(FactAdmin):
    list_display = (
        "public_id",
        "offer",
        member_column("host", "Host"),
        status_column(),
        "reason",
        "size",
        "deadline_at",
        "page",
    )
    list_filter = ("status", "offer__campaign", "size")
    list_select_related = ("offer", "host__profile")
    search_fields = ("public_id", "host__public_id")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (SeatInline,)
    actions = ("cancel",)

    @admin.display(description="Page")
    def page(self, room: Room) -> Any:
        if room.status == RoomStatus.PENDING:
            return "–"
        return format_html('<a href="{}">Open</a>', reverse("group", args=[room.public_id]))

    @admin.action(description="Cancel for good: end these rooms and refund everybody")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda room: services.room_cancel(room_id=room.pk, reason="by the operator"),
            "rooms cancelled",
            "room cancelled",
        )


@admin.register(Seat)
class SeatAdmin(FactAdmin):
    list_display = (
        "public_id",
        "room",
        member_column(),
        status_column(),
        "released",
        _price,
        "held_at",
    )
    list_filter = ("status", "released", "room__offer__campaign")
    list_select_related = ("room__offer__campaign", "member__profile")
    search_fields = ("public_id", "room__public_id", "member__public_id", "order_id")
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

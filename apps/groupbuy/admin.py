from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from apps.core.admin import FactAdmin, FactInline, run_on_each
from apps.groupbuy import services
from apps.groupbuy.models import Offer, OfferItem, RefundOrder, Room, Seat


class OfferItemInline(TabularInline):
    model = OfferItem
    extra = 0
    min_num = 1
    fields = (
        "sku",
        "name",
        "single_price_minor",
        "group_price_minor",
        "stock",
        "held",
        "sold",
    )
    readonly_fields = ("held", "sold")
    can_delete = False


@admin.register(Offer)
class OfferAdmin(ModelAdmin):
    list_display = ("title", "campaign", "room_size", "duration", "is_active", "public_id")
    list_filter = ("is_active", "campaign")
    list_select_related = ("campaign",)
    search_fields = ("title", "public_id")
    inlines = (OfferItemInline,)
    fields = (
        ("title", "campaign"),
        ("room_size", "duration", "hold_ttl"),
        "picture_url",
        "is_active",
    )

    def has_delete_permission(self, request: HttpRequest, obj: Offer | None = None) -> bool:
        return False


class SeatInline(FactInline):
    model = Seat
    fields = ("member", "position", "status", "released", "price_minor", "inviter", "paid_at")


@admin.register(Room)
class RoomAdmin(FactAdmin):
    list_display = ("public_id", "offer", "host", "status", "reason", "size", "deadline_at")
    list_filter = ("status", "offer__campaign")
    list_select_related = ("offer", "host")
    search_fields = ("public_id", "host__public_id")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (SeatInline,)
    actions = ("cancel",)

    @admin.action(description="Cancel: end these rooms and refund everybody")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda room: services.room_cancel(room_id=room.pk, reason="by the operator"),
            "rooms cancelled",
        )


@admin.register(Seat)
class SeatAdmin(FactAdmin):
    list_display = ("public_id", "room", "member", "status", "released", "price_minor", "held_at")
    list_filter = ("status", "released")
    list_select_related = ("room", "member")
    search_fields = ("public_id", "room__public_id", "member__public_id", "order_id")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(RefundOrder)
class RefundOrderAdmin(FactAdmin):
    list_display = (
        "public_id",
        "line",
        "amount_minor",
        "currency",
        "why",
        "status",
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
    list_display = ("offer", "sku", "name", "group_price_minor", "stock", "held", "sold")
    list_select_related = ("offer",)
    search_fields = ("sku", "name")

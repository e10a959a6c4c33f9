from django.contrib import admin

from apps.core.admin import FactAdmin, FactInline, money_column
from apps.members.admin import member_column
from apps.orders.models import Order, OrderLine, Refund


class OrderLineInline(FactInline):
    model = OrderLine


class RefundInline(FactInline):
    model = Refund


@admin.register(Order)
class OrderAdmin(FactAdmin):
    list_display = (
        "order_id",
        member_column(),
        "nth",
        money_column("paid_minor", "Paid"),
        money_column("refunded_minor", "Refunded"),
        "occurred_at",
    )
    list_filter = ("is_test", "currency", "occurred_at")
    list_select_related = ("member__profile",)
    search_fields = ("order_id", "member__public_id", "member__identities__value")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (OrderLineInline, RefundInline)


@admin.register(OrderLine)
class OrderLineAdmin(FactAdmin):
    list_display = (
        "order",
        "line_id",
        "sku",
        "quantity",
        money_column("amount_minor", "Amount", currency="order.currency"),
        money_column("refunded_minor", "Refunded", currency="order.currency"),
        "seat",
    )
    list_select_related = ("order",)
    search_fields = ("order__order_id", "sku", "seat")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Refund)
class RefundAdmin(FactAdmin):
    list_display = ("refund_id", "order_id_reported", "order", "applied_minor", "occurred_at")
    list_select_related = ("order",)
    search_fields = ("refund_id", "order_id_reported")
    ordering = ("-id",)
    show_full_result_count = False

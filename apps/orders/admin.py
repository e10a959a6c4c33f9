from django import forms
from django.contrib import admin

from apps.core.admin import EngineAdmin, FactAdmin, FactInline, money_column
from apps.core.fields import PercentField
from apps.members.admin import member_column
from apps.orders.models import MarginRate, Order, OrderLine, Refund


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
        money_column("margin_minor", "Margin", currency="order.currency"),
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


class MarginRateForm(forms.ModelForm):
    rate_bps = PercentField(
        label="Margin", required=True, max_value=100, help_text="In percent of the price."
    )

    class Meta:
        model = MarginRate
        fields = ("tag", "rate_bps")


@admin.register(MarginRate)
class MarginRateAdmin(EngineAdmin):
    """What reports reckon with where the shop does not tell a line's margin or cost."""

    form = MarginRateForm
    list_display = ("named", "margin")
    search_fields = ("tag",)
    ordering = ("tag",)
    help_texts = {
        "tag": "A tag of the shop's order lines. Empty: for all lines without a rate of their own."
    }

    @admin.display(description="Lines with the tag", ordering="tag")
    def named(self, rate: MarginRate) -> str:
        return str(rate)

    @admin.display(description="Margin", ordering="rate_bps")
    def margin(self, rate: MarginRate) -> str:
        return f"{rate.rate_bps / 100:g} %"

"""The exchange shelf: set it up, see what was exchanged, undo it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelectWidget

from apps.core import clock
from apps.core.admin import (
    EngineAdmin,
    FactAdmin,
    mode_column,
    run_on_each,
    status_column,
)
from apps.coupons.models import Template
from apps.members.admin import member_column
from apps.shelf import services
from apps.shelf.models import Exchange, ShelfItem


class ShelfItemForm(forms.ModelForm):
    template = forms.ChoiceField(
        label="A coupon",
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Of this template. Leave it empty for a gift.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        handed_out = Template.objects.filter(applies=Template.Applies.CLAIMED)
        known = [
            (row.public_id, f"{row.name} (test)" if row.is_test else row.name)
            for row in handed_out.order_by("name", "pk")
        ]
        field = self.fields["template"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "– a gift –"), *known]

    def clean_stock(self) -> int | None:
        stock: int | None = self.cleaned_data["stock"]
        sold = ShelfItem.objects.filter(pk=self.instance.pk).values_list("sold", flat=True).first()
        if stock is not None and sold is not None and stock < sold:
            raise forms.ValidationError(f"{sold} were exchanged already.")
        return stock

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or self.cleaned_data
        template, gift = fields.get("template"), fields.get("gift")
        if bool(template) == bool(gift):
            self.add_error("gift", "Name a gift or choose a coupon, one of the two.")
        is_test = fields.get("is_test", self.instance.is_test)
        if template and not Template.objects.filter(public_id=template, is_test=is_test).exists():
            self.add_error("template", "This coupon and this item are not of the same mode.")
        starts, ends = fields.get("starts_at"), fields.get("ends_at")
        if starts and ends and starts >= ends:
            self.add_error("ends_at", "It ends before it starts.")
        return fields


@admin.register(ShelfItem)
class ShelfItemAdmin(EngineAdmin):
    form = ShelfItemForm
    list_display = (
        "name",
        "points",
        "gives",
        "stock",
        "sold",
        "per_member",
        mode_column,
        "is_active",
    )
    list_filter = ("is_active", "is_test")
    search_fields = ("name", "public_id", "gift", "template")
    ordering = ("-id",)
    actions = ("take_off", "put_on")
    labels = {
        "points": "Price in points",
        "stock": "How many there are",
        "per_member": "How many one member may have",
        "gift": "Or a gift",
    }
    help_texts = {
        "gift": "In the words the shop and the member read: it appears among the fulfilments.",
        "stock": "Empty: as many as are wanted.",
        "per_member": "Empty: as many as they want. A cancelled exchange does not count.",
        "is_test": "Only test members see it.",
    }
    fieldsets = (
        (None, {"fields": ("name", ("points", "picture_url"))}),
        ("What one gets", {"fields": (("template", "gift"),)}),
        ("How many, and when", {"fields": (("stock", "per_member"), ("starts_at", "ends_at"))}),
        ("Where", {"fields": (("is_active", "is_test"),)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: ShelfItem | None = None) -> Any:
        facts = ("So far", {"fields": (("public_id", "sold"), "picture")})
        return (*self.fieldsets, facts) if obj else self.fieldsets

    def get_readonly_fields(
        self, request: HttpRequest, obj: ShelfItem | None = None
    ) -> tuple[str, ...]:
        return ("is_test", "public_id", "sold", "picture") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="Gives")
    def gives(self, item: ShelfItem) -> str:
        return "a coupon" if item.template else item.gift

    @admin.display(description="Looks like")
    def picture(self, item: ShelfItem) -> str:
        if not item.picture_url:
            return "–"
        return format_html('<img src="{}" alt="" style="max-height:8rem">', item.picture_url)

    @admin.action(description="Take off the shelf", permissions=["change"])
    def take_off(self, request: HttpRequest, queryset: QuerySet[ShelfItem]) -> None:
        taken = queryset.update(is_active=False)
        self.message_user(request, f"{taken} taken off the shelf.")

    @admin.action(description="Put on the shelf", permissions=["change"])
    def put_on(self, request: HttpRequest, queryset: QuerySet[ShelfItem]) -> None:
        put = queryset.update(is_active=True)
        self.message_user(request, f"{put} put on the shelf.")


@admin.register(Exchange)
class ExchangeAdmin(FactAdmin):
    list_display = (
        "public_id",
        member_column(),
        "item",
        "points",
        status_column(),
        "made_at",
        "cancelled_at",
    )
    list_filter = ("status", "item", "member__is_test", "made_at")
    list_select_related = ("member__profile", "item")
    search_fields = ("public_id", "member__public_id", "coupon", "fulfilment", "item__name")
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("cancel",)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("shelf.change_exchange"))

    @admin.action(
        description="Cancel: points back, coupon or gift withdrawn", permissions=["cancel"]
    )
    def cancel(self, request: HttpRequest, queryset: QuerySet[Exchange]) -> None:
        run_on_each(
            self,
            request,
            queryset.select_related("member"),
            lambda exchange: services.exchange_cancel(
                public_id=exchange.public_id, is_test=exchange.member.is_test, now=clock.now()
            ),
            "exchanges cancelled",
            "exchange cancelled",
        )

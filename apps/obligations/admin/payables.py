"""Money owed, as facts."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from apps.core import clock
from apps.core.admin import FactAdmin, FactInline, money_column, run_on_each
from apps.members.admin import member_column
from apps.members.models import Member
from apps.obligations import services
from apps.obligations.models import Deduction, Payable, Payout, PayoutLine, TakeBack

_taken = money_column("amount_minor", "Amount", currency="payable.currency")


class TakeBackInline(FactInline):
    model = TakeBack
    verbose_name_plural = "Taken back"
    fields = ("cause", _taken, "is_owed", "taken_at")
    readonly_fields = (_taken,)
    show_change_link = False
    hide_title = True


@admin.register(Payable)
class PayableAdmin(FactAdmin):
    list_display = (
        "public_id",
        member_column(),
        money_column("amount_minor", "Amount"),
        money_column("taken_back_minor", "Taken back"),
        "stands",
        "payout",
        "reference",
        "due_at",
    )
    list_filter = ("status", "currency", ("payout", admin.EmptyFieldListFilter))
    list_select_related = ("member__profile", "payout")
    search_fields = ("public_id", "key", "reference", "member__public_id")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (TakeBackInline,)
    actions = ("close_now",)

    @display(
        description="Status",
        ordering="status",
        label={"paid": "success", "requested": "info", "pending": "info", "due": "warning"},
    )
    def stands(self, payable: Payable) -> str:
        if payable.payout is None:
            return payable.status
        return "paid" if payable.payout.status == Payout.Status.CONFIRMED else "requested"

    def has_close_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("obligations.add_payout"))

    @admin.action(
        description="Make these members' statements now, whatever the minimum",
        permissions=["close"],
    )
    def close_now(self, request: HttpRequest, queryset: QuerySet[Payable]) -> None:
        run_on_each(
            self,
            request,
            Member.objects.filter(payables__in=queryset).distinct().order_by("pk"),
            lambda member: services.member_payouts_close(member_id=member.pk, until=clock.now()),
            "members looked at; see Payouts",
            "member looked at; see Payouts",
        )


@admin.register(Deduction)
class DeductionAdmin(FactAdmin):
    list_display = (
        "take_back",
        member_column(),
        money_column("amount_minor", "Owed back"),
        "payout",
        "owed_at",
        "released_at",
    )
    list_filter = ("currency", ("payout", admin.EmptyFieldListFilter))
    list_select_related = ("member__profile", "payout", "take_back__payable")
    search_fields = ("take_back__payable__public_id", "member__public_id", "take_back__cause")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(TakeBack)
class TakeBackAdmin(FactAdmin):
    list_display = (
        "payable",
        _taken,
        "is_owed",
        "cause",
        "taken_at",
    )
    list_filter = ("is_owed", "taken_at")
    list_select_related = ("payable",)
    search_fields = ("payable__public_id", "cause")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(PayoutLine)
class PayoutLineAdmin(FactAdmin):
    list_display = (
        "payout",
        "payable",
        "deduction",
        money_column("amount_minor", "Amount", currency="payout.currency"),
        "counts",
    )
    list_filter = ("counts",)
    list_select_related = ("payout", "payable", "deduction")
    search_fields = ("payout__public_id", "payable__public_id")
    ordering = ("-id",)
    show_full_result_count = False

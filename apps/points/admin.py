"""The programme's terms, the ledger to look at, and adjustments between two operators."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from apps.core import clock
from apps.core.admin import EngineAdmin, FactAdmin, mode_column, run_on_each, status_column
from apps.core.errors import EngineError
from apps.core.fields import PercentField
from apps.core.transactions import retrying
from apps.members.admin import member_column, member_name
from apps.members.selectors import MemberUnknown, member_by_external_id
from apps.points import selectors, services
from apps.points.models import Account, Adjustment, Lot, Programme, Reservation, Taking, Transfer
from apps.points.services.ledger import MOST_POINTS


class ProgrammeForm(forms.ModelForm):
    max_share_bps = PercentField(
        label="At most, of an order",
        max_value=100,
        help_text="In percent: 50 lets points pay half of an order. 0: none of it.",
    )


@admin.register(Programme)
class ProgrammeAdmin(EngineAdmin):
    form = ProgrammeForm
    list_display = (
        "__str__",
        mode_column,
        "currency",
        "worth_of_100_points_minor",
        "max_share",
        "lifetime",
        "adjustment_limit",
    )
    ordering = ("is_test",)
    readonly_fields = ("for_whom",)
    labels = {
        "worth_of_100_points_minor": "100 points are worth",
        "lifetime_days": "Days until points expire",
        "notice_days": "Days of notice before",
        "reservation_ttl": "Reserved for",
        "adjustment_limit": "One operator may adjust",
    }
    help_texts = {
        "worth_of_100_points_minor": "In minor units: 100 is 1.00. 0: points pay nothing.",
        "lifetime_days": "From when they settle. Empty: never. Points settled before keep theirs.",
        "notice_days": "The shop hears points.expiring so long before. 0: never.",
        "reservation_ttl": "How long points wait for a payment, where the shop names no time.",
        "adjustment_limit": "Points per member within 24 hours. Above it a second operator decides.",
    }
    fieldsets = (
        (None, {"fields": ("for_whom",)}),
        ("At checkout", {"fields": (("worth_of_100_points_minor", "currency"), "max_share_bps")}),
        ("Time", {"fields": (("lifetime_days", "notice_days"), "reservation_ttl")}),
        ("Operators", {"fields": ("adjustment_limit",)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # there is one per mode

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Programme]:
        for is_test in (False, True):
            Programme.objects.get_or_create(is_test=is_test)
        return super().get_queryset(request)

    @admin.display(description="Whose points")
    def for_whom(self, row: Programme) -> str:
        return "Test members'" if row.is_test else "Live members'"

    @admin.display(description="Of an order", ordering="max_share_bps")
    def max_share(self, row: Programme) -> str:
        return f"{row.max_share_bps / 100:g} %"

    @admin.display(description="Expire after", ordering="lifetime_days")
    def lifetime(self, row: Programme) -> str:
        return f"{row.lifetime_days} days" if row.lifetime_days else "never"


@admin.register(Account)
class AccountAdmin(FactAdmin):
    list_display = ("public_id", member_column(), "purpose", "balance")
    list_filter = ("purpose",)
    list_select_related = ("member__profile",)
    search_fields = ("public_id", "member__public_id", "member__identities__value")
    ordering = ("-id",)
    show_full_result_count = False
    actions_detail = ("statement",)

    @action(description="Statement", url_path="statement", icon="receipt_long")
    def statement(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A month of the member's spendable points, to be read or printed."""
        account = self.get_object(request, object_id)
        if account is None or account.member is None or not self.has_view_permission(request):
            raise Http404
        month = request.GET.get("month") or f"{clock.now():%Y-%m}"
        try:
            found = selectors.statement(account.member_id, month)
        except selectors.MonthInvalid as error:
            self.message_user(request, str(error), messages.ERROR)
            found = selectors.statement(account.member_id, f"{clock.now():%Y-%m}")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Points of {member_name(account.member)}",
            "statement": found,
            "wallet": selectors.wallet(account.member_id),
        }
        return render(request, "points/statement.html", context)


@admin.register(Transfer)
class TransferAdmin(FactAdmin):
    list_display = ("public_id", "kind", "amount", "debit", "credit", "reference", "occurred_at")
    list_filter = ("kind", "occurred_at")
    list_select_related = ("debit", "credit")
    search_fields = ("public_id", "key", "reference", "debit__member__public_id")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Lot)
class LotAdmin(FactAdmin):
    list_display = ("account", "amount", "remaining", "expires_at", "noticed_at", "created_at")
    list_select_related = ("account",)
    search_fields = ("account__member__public_id", "transfer__public_id")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Taking)
class TakingAdmin(FactAdmin):
    list_display = ("transfer", "lot", "amount", "returned")
    list_select_related = ("transfer", "lot")
    search_fields = ("transfer__public_id", "transfer__reference")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Reservation)
class ReservationAdmin(FactAdmin):
    list_display = (
        "public_id",
        member_column(),
        "order_id",
        "amount",
        "returned",
        status_column(),
        "cause",
        "expires_at",
        mode_column,
    )
    list_filter = ("status", "cause", "is_test", "reserved_at")
    list_select_related = ("member__profile",)
    search_fields = ("public_id", "order_id", "member__public_id", "member__identities__value")
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("release",)

    def has_release_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("points.change_reservation"))

    @admin.action(description="Release: give the points back now", permissions=["release"])
    def release(self, request: HttpRequest, queryset: QuerySet[Reservation]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.reservation_release(
                public_id=row.public_id, is_test=row.is_test, now=clock.now()
            ),
            "reservations released",
            "reservation released",
        )


class AdjustmentForm(BaseDialogForm):
    """Whose points, how many and why."""

    external_id = forms.CharField(
        label="Member, by the shop's own id", max_length=128, widget=UnfoldAdminTextInputWidget
    )
    is_test = forms.BooleanField(
        label="A test member", required=False, widget=UnfoldBooleanSwitchWidget
    )
    amount = forms.IntegerField(
        label="Points",
        min_value=-MOST_POINTS,
        max_value=MOST_POINTS,
        help_text="100 gives, -100 takes.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    reason = forms.CharField(label="Why", max_length=300, widget=UnfoldAdminTextareaWidget)

    def clean_amount(self) -> int:
        amount: int = self.cleaned_data["amount"]
        if amount == 0:
            raise forms.ValidationError("0 points change nothing.")
        return amount

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "external_id" in cleaned:
            try:
                cleaned["member"] = member_by_external_id(
                    cleaned["external_id"], is_test=cleaned.get("is_test", False)
                )
            except MemberUnknown as error:
                self.add_error("external_id", str(error))
        return cleaned


@transaction.atomic
def _proposed(request: HttpRequest, asked: dict[str, Any]) -> Adjustment:
    return services.points_adjust_propose(
        member_id=asked["member"].pk,
        amount=asked["amount"],
        reason=asked["reason"],
        proposed_by=int(request.user.pk or 0),
        now=clock.now(),
    )


@admin.register(Adjustment)
class AdjustmentAdmin(FactAdmin):
    list_display = (
        "points",
        member_column(),
        "why",
        status_column(),
        "proposed_by",
        "decided_by",
        "proposed_at",
    )
    list_filter = ("status", "within_limit", "member__is_test", "proposed_at")
    list_select_related = ("member__profile", "proposed_by", "decided_by")
    search_fields = ("public_id", "reason", "member__public_id", "member__identities__value")
    ordering = ("-id",)
    show_full_result_count = False
    actions_list = ("propose",)
    fields = (
        ("member", "points"),
        "reason",
        ("status", "within_limit"),
        ("proposed_by", "proposed_at"),
        ("decided_by", "decided_at"),
        "public_id",
    )
    readonly_fields = ("points",)
    actions_detail = ("approve", "reject")

    def has_propose_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("points.add_adjustment"))

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("points.change_adjustment"))

    @admin.display(description="Points", ordering="amount")
    def points(self, row: Adjustment) -> str:
        return f"{row.amount:+,}"

    @admin.display(description="Why", ordering="reason")
    def why(self, row: Adjustment) -> str:
        return format_html('<span class="engine-words">{}</span>', row.reason)

    @action(
        description="Give or take points",
        icon="exposure",
        permissions=["propose"],
        dialog={
            "title": "Give or take points",
            "description": "Above the programme's limit another operator has to approve it.",
            "form_class": AdjustmentForm,
            "form_submit_text": "Give or take",
        },
    )
    def propose(self, request: HttpRequest, form: AdjustmentForm) -> HttpResponse:
        try:
            row = retrying(lambda: _proposed(request, form.cleaned_data))
        except EngineError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            words = f"{row} for {member_name(row.member)}: "
            done = "done." if row.within_limit else "another operator has to approve it."
            self.message_user(request, words + done, messages.SUCCESS)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:points_adjustment_changelist")})

    @action(
        description="Approve",
        icon="check",
        permissions=["decide"],
        dialog={
            "title": "Approve this adjustment",
            "description": "The points move at once.",
            "form_submit_text": "Approve",
        },
    )
    def approve(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, approve=True, done="adjustment approved")

    @action(
        description="Reject",
        icon="close",
        permissions=["decide"],
        dialog={
            "title": "Reject this adjustment",
            "description": "No points move. That is final.",
            "form_submit_text": "Reject",
        },
    )
    def reject(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, approve=False, done="adjustment rejected")

    def _decide(
        self, request: HttpRequest, object_id: str, *, approve: bool, done: str
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        decide: Callable[[Any], object] = lambda found: services.points_adjust_decide(  # noqa: E731
            adjustment_id=found.pk,
            approve=approve,
            decided_by=int(request.user.pk or 0),
            now=clock.now(),
        )
        run_on_each(self, request, [row] if row else [], decide, done)
        here = reverse("admin:points_adjustment_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": here})

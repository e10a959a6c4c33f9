"""Coupons and where they came from: everything visible, nothing editable."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action

from apps.core import clock
from apps.core.admin import FactAdmin, mode_column, pk_in, run_on_each, status_column
from apps.core.csv_export import csv_response
from apps.coupons import selectors, services
from apps.coupons.models import Batch, Claim, Coupon, PoolCode
from apps.members.admin import member_column


@admin.register(Coupon)
class CouponAdmin(FactAdmin):
    list_display = (
        "code",
        "template",
        member_column(),
        status_column(),
        "order_id",
        "expires_at",
        "redeemed_at",
        mode_column,
    )
    list_filter = ("status", "is_test", "issued_at", "redeemed_at")
    list_select_related = ("template", "member__profile")
    search_fields = ("=code", "=public_id", "=order_id", "=reference", "=member__public_id")
    search_help_text = "A code, a coupon's or member's id, an order, or a grant: the whole of it."
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("revoke",)

    @admin.action(description="Revoke for good: unused ones become worthless")
    def revoke(self, request: HttpRequest, queryset: QuerySet[Coupon]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.coupon_revoke(coupon_id=row.pk, now=clock.now()),
            "coupons revoked",
            "coupon revoked",
        )


@admin.register(Batch)
class BatchAdmin(FactAdmin):
    list_display = ("public_id", "template", "made", "wanted", "ordered_by", "created_at", "csv")
    list_select_related = ("template", "ordered_by")
    search_fields = ("public_id", "key", "template__name")
    ordering = ("-id",)
    actions = ("make_the_rest",)
    actions_detail = ("download",)

    @admin.display(description="Codes")
    def csv(self, batch: Batch) -> str:
        address = reverse("admin:coupons_batch_download", args=[batch.pk])
        return format_html('<a class="report-link" href="{}">Download CSV</a>', address)

    @action(description="Download CSV", url_path="csv", icon="download", permissions=["view"])
    def download(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """The codes made so far."""
        batch = get_object_or_404(Batch, pk=pk_in(object_id))
        rows = (row[1:] for row in selectors.batch_codes(batch))
        return csv_response(f"{batch.public_id}.csv", ("code", "expires_at"), rows)

    @admin.action(description="Make the rest of an interrupted batch")
    def make_the_rest(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        run_on_each(self, request, queryset, _make_the_rest, "batches are whole", "batch is whole")


def _make_the_rest(batch: Any) -> None:
    while services.batch_continue(batch_id=batch.pk, now=clock.now()):
        pass


@admin.register(PoolCode)
class PoolCodeAdmin(FactAdmin):
    list_display = ("code", "template", "coupon", "imported_at", mode_column)
    list_filter = (("coupon", admin.EmptyFieldListFilter), "is_test")
    list_select_related = ("template", "coupon")
    search_fields = ("=code", "template__name")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Claim)
class ClaimAdmin(FactAdmin):
    list_display = (
        "public_id",
        "template",
        status_column(),
        member_column(),
        "expires_at",
        "created_at",
    )
    list_filter = ("status",)
    list_select_related = ("template", "member__profile")
    search_fields = ("=public_id", "template__name", "=member__public_id")
    ordering = ("-id",)
    show_full_result_count = False

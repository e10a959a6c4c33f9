from django.contrib import admin

from apps.core.admin import FactAdmin
from apps.members.admin import member_column
from apps.points.models import Account, Lot, Transfer


@admin.register(Account)
class AccountAdmin(FactAdmin):
    list_display = ("public_id", member_column(), "purpose", "balance")
    list_filter = ("purpose",)
    list_select_related = ("member__profile",)
    search_fields = ("public_id", "member__public_id")
    ordering = ("-id",)
    show_full_result_count = False


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
    list_display = ("account", "amount", "remaining", "expires_at", "created_at")
    list_select_related = ("account",)
    search_fields = ("account__member__public_id", "transfer__public_id")
    ordering = ("-id",)
    show_full_result_count = False

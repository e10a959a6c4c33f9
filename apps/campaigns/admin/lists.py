"""What was published, spent and overridden: facts."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from apps.campaigns.models import Budget, ComplianceOverride, Version
from apps.core.admin import FactAdmin, money_column


@admin.register(Version)
class VersionAdmin(FactAdmin):
    list_display = ("campaign", "number", "policy_count", "published_at")
    list_filter = ("campaign",)
    list_select_related = ("campaign",)
    ordering = ("-id",)

    @admin.display(description="Policies")
    def policy_count(self, version: Version) -> int:
        return len(version.policies)


class BudgetState(admin.SimpleListFilter):
    """Budgets of which an operator should know."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("warned", "Warned"), ("tail", "Only the tail is left"), ("none", "No limit")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Budget]) -> QuerySet[Budget]:
        asked = {
            "warned": {"warned_at__isnull": False},
            "tail": {"tail_reached_at__isnull": False},
            "none": {"amount_minor__isnull": True},
        }
        return queryset.filter(**asked.get(str(self.value()), {}))


@display(description="State", label={"spent": "danger", "tail only": "danger", "warned": "warning"})
def budget_state(budget: Budget) -> tuple[str, str] | str:
    """What an operator should know of a budget, in a word."""
    if budget.amount_minor is None:
        return "no limit"
    if budget.used_minor >= budget.amount_minor:
        return ("spent", "all used")
    if not budget.admits_newcomers:
        return ("tail only", "only the tail is left")
    return ("warned", "warned") if budget.is_warned else "fine"


@admin.register(Budget)
class BudgetAdmin(FactAdmin):
    list_display = (
        "campaign",
        money_column("amount_minor", "Budget", currency="campaign.currency"),
        money_column("reserved_minor", "Reserved", currency="campaign.currency"),
        money_column("spent_minor", "Spent", currency="campaign.currency"),
        budget_state,
        "warned_at",
        "tail_reached_at",
        "page",
    )
    list_filter = (BudgetState,)
    list_select_related = ("campaign",)
    ordering = ("-id",)

    @admin.display(description="Its parts")
    def page(self, budget: Budget) -> str:
        address = reverse("admin:campaigns_campaign_money", args=[budget.campaign_id])
        return format_html('<a class="report-link" href="{}">Open budget</a>', address)


@admin.register(ComplianceOverride)
class ComplianceOverrideAdmin(FactAdmin):
    """Who published against which finding, when and why. Kept for good."""

    list_display = ("campaign", "finding", "policy", "reason", "overridden_by", "overridden_at")
    list_filter = ("finding", "overridden_at")
    list_select_related = ("campaign", "overridden_by")
    search_fields = ("campaign__name", "campaign__public_id", "reason")
    ordering = ("-id",)

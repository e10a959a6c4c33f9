from django.contrib import admin

from apps.core.admin import FactAdmin, FactInline
from apps.rewards.models import CapCounter, ClawBack, Decision, Grant


class ClawBackInline(FactInline):
    model = ClawBack


@admin.register(Grant)
class GrantAdmin(FactAdmin):
    list_display = (
        "public_id",
        "member",
        "campaign",
        "beneficiary",
        "points",
        "taken_back",
        "status",
        "settle_at",
    )
    list_filter = ("status", "campaign", "beneficiary")
    list_select_related = ("member", "campaign")
    search_fields = ("public_id", "member__public_id", "member__identities__value", "subject")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (ClawBackInline,)


@admin.register(Decision)
class DecisionAdmin(FactAdmin):
    list_display = ("public_id", "campaign", "subject", "outcome", "decided_at")
    list_filter = ("campaign",)
    list_select_related = ("campaign",)
    search_fields = ("public_id", "subject")
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description="Outcome")
    def outcome(self, decision: Decision) -> str:
        given = sum(award["points"] for award in decision.awards)
        return f"{given} points, {len(decision.refusals)} refusals"


@admin.register(ClawBack)
class ClawBackAdmin(FactAdmin):
    list_display = ("grant", "points", "owed", "cause", "taken_at")
    list_select_related = ("grant",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(CapCounter)
class CapCounterAdmin(FactAdmin):
    list_display = ("policy", "scope", "count")
    search_fields = ("policy", "scope")
    show_full_result_count = False

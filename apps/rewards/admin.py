from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from apps.campaigns.rules import WORDS, Beneficiary, Reason
from apps.core.admin import FactAdmin, FactInline, status_column
from apps.members.admin import member_column
from apps.rewards.models import CapCounter, ClawBack, Decision, Grant


class ClawBackInline(FactInline):
    model = ClawBack


@admin.register(Grant)
class GrantAdmin(FactAdmin):
    list_display = (
        "public_id",
        member_column(),
        "campaign",
        "beneficiary",
        "points",
        "taken_back",
        status_column(),
        "settle_at",
    )
    list_filter = ("status", "campaign", "beneficiary")
    list_select_related = ("member__profile", "campaign")
    search_fields = ("public_id", "member__public_id", "member__identities__value", "subject")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (ClawBackInline,)


def _whose(beneficiary: str) -> str:
    return "everyone seated" if beneficiary == Beneficiary.SEATED else f"the {beneficiary}"


@admin.register(Decision)
class DecisionAdmin(FactAdmin):
    list_display = ("public_id", "campaign", "subject", "outcome", "decided_at")
    list_filter = ("campaign",)
    list_select_related = ("campaign",)
    search_fields = ("public_id", "subject")
    ordering = ("-id",)
    show_full_result_count = False
    fields = (
        ("public_id", "campaign", "version"),
        ("subject", "decided_at"),
        "in_words",
        "awards",
        "refusals",
        "facts",
    )
    compressed_fields = False
    readonly_fields = ("in_words",)

    @admin.display(description="In words")
    def in_words(self, decision: Decision) -> str:
        names = {row["policy"]: row["name"] for row in decision.version.policies}
        lines = [
            f"{names.get(row['policy'], row['policy'])}: {row['points']} points "
            f"({_whose(row['beneficiary'])})."
            for row in decision.awards
        ] + [
            f"{names.get(row['policy'], row['policy'])}: nothing ({_whose(row['beneficiary'])}). "
            f"{WORDS[Reason(row['reason'])]}"
            for row in decision.refusals
        ]
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))

    @admin.display(description="Outcome")
    def outcome(self, decision: Decision) -> str:
        given = sum(award["points"] for award in decision.awards)
        refused = len(decision.refusals)
        return f"{given} points" + (f", {refused} refused" if refused else "")


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
    ordering = ("-id",)
    show_full_result_count = False

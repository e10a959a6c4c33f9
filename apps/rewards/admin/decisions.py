"""Decisions, and the page that explains them to whoever asks."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from unfold.decorators import action

from apps.campaigns.rules import WORDS, AwardKind, Beneficiary, Reason
from apps.core import clock
from apps.core.admin import FactAdmin
from apps.rewards.admin.asking import ASKED, WhyForm
from apps.rewards.models import Decision

_UNITS = {
    AwardKind.POINTS: ("point", "points"),
    AwardKind.COUPON: ("coupon", "coupons"),
    AwardKind.GROWTH: ("growth value", "growth value"),
    AwardKind.PAYABLE: ("minor unit payable", "minor units payable"),
    AwardKind.CUSTOM: ("gift", "gifts"),
}


def given_words(award: dict[str, Any]) -> str:
    """What an award gives, as in “10 points”. Decisions of old name points only."""
    amount = award.get("amount", award.get("points", 0))
    one, many = _UNITS[AwardKind(award.get("kind", AwardKind.POINTS))]
    return f"{amount} {one if amount == 1 else many}"


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
    actions_list = ("why",)

    @action(
        description="Why did she get nothing?", url_path="why", icon="help", permissions=["view"]
    )
    def why(self, request: HttpRequest) -> HttpResponse:
        """Answers about a member, an order or a campaign, in words to be copied."""
        form = WhyForm(request.GET if any(request.GET.get(name) for name in ASKED) else None)
        answers = form.answers(clock.now()) if form.is_bound and form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "title": "Why did she get nothing?",
            "form": form,
            "answers": answers,
        }
        return render(request, "admin/why.html", context)

    @admin.display(description="In words")
    def in_words(self, decision: Decision) -> str:
        names = {row["policy"]: row["name"] for row in decision.version.policies}
        lines = [
            f"{names.get(row['policy'], row['policy'])}: {given_words(row)} "
            f"({_whose(row['beneficiary'])})."
            for row in decision.awards
        ] + [
            f"{names.get(row['policy'], row['policy'])}: nothing ({_whose(row['beneficiary'])}). "
            f"{WORDS[Reason(row['reason'])].operator}"
            for row in decision.refusals
        ]
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))

    @admin.display(description="Outcome")
    def outcome(self, decision: Decision) -> str:
        given = ", ".join(given_words(award) for award in decision.awards) or "nothing"
        refused = len(decision.refusals)
        return given + (f"; {refused} refused" if refused else "")

import itertools
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from unfold.forms import PaginationInlineFormSet

from apps.core.admin import EngineAdmin, EngineTabularInline, FactAdmin, mode_column
from apps.members.admin import member_column
from apps.tiers import services
from apps.tiers.models import Benefit, GrowthEntry, Ladder, Membership, Tier, TierChange


class TierForm(forms.ModelForm):
    """A tier's code lasts: campaigns, shops and events name the tier by it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.fields["code"].disabled = True


class RisingTiers(PaginationInlineFormSet):
    """Refuses a ladder whose thresholds do not rise with its ranks."""

    def clean(self) -> None:
        super().clean()
        given = [form.cleaned_data for form in self.forms if form.is_valid()]
        tiers = [
            (row["rank"], row["threshold"], row["name"])
            for row in given
            if row.get("code") and not row.get("DELETE")
        ]
        for below, above in itertools.pairwise(sorted(tiers)):
            if above[1] <= below[1]:
                raise forms.ValidationError(
                    f"“{above[2]}” ranks above “{below[2]}” and must need more growth."
                )


class TierInline(EngineTabularInline):
    model = Tier
    form = TierForm
    formset = RisingTiers
    fields = ("rank", "code", "name", "threshold", "brings")
    readonly_fields = ("brings",)
    ordering = ("rank",)
    show_change_link = True

    @admin.display(description="What it brings")
    def brings(self, tier: Tier) -> str:
        if tier.pk is None:
            return "Save, then open the tier to add benefits."
        return " · ".join(benefit.text for benefit in tier.benefits.all()) or "–"


@admin.register(Ladder)
class LadderAdmin(EngineAdmin):
    list_display = ("__str__", mode_column, "period_days", "grace_days", "fall", "steps")
    ordering = ("is_test",)
    fields = ("period_days", "grace_days", "fall")
    inlines = (TierInline,)
    labels = {
        "period_days": "Growth counts for (days)",
        "grace_days": "Grace after a period (days)",
        "fall": "Who did not earn it again falls",
    }
    help_texts = {
        "period_days": "The rolling window, and how long a tier is held once it is reached.",
        "grace_days": "The tier is kept so much longer; growth that comes meanwhile still saves it.",
        "fall": "",
    }

    @admin.display(description="Tiers")
    def steps(self, ladder: Ladder) -> str:
        return " → ".join(f"{tier.name} ({tier.threshold})" for tier in ladder.tiers.all()) or "–"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        for is_test in (False, True):
            services.ladder_open(is_test=is_test)
        return super().changelist_view(request, extra_context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class BenefitForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        multiplies = given.get("kind") == Benefit.Kind.POINTS_MULTIPLIER
        if multiplies and not given.get("multiplier_bps"):
            self.add_error("multiplier_bps", "How many times the points? 15000 is one and a half.")
        if not multiplies and given.get("multiplier_bps"):
            self.add_error("multiplier_bps", "Only for more points.")
        return given


class BenefitInline(EngineTabularInline):
    model = Benefit
    form = BenefitForm
    fields = ("kind", "text", "multiplier_bps")


@admin.register(Tier)
class TierAdmin(EngineAdmin):
    list_display = ("name", "code", "ladder", "rank", "threshold")
    list_filter = ("ladder",)
    list_select_related = ("ladder",)
    fields = (("name", "code"), ("rank", "threshold"))
    readonly_fields = ("code", "rank", "threshold")
    inlines = (BenefitInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # on the ladder's page, where one sees the others

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(FactAdmin):
    list_display = (member_column(), "tier", "growth", "period_end", "grace_until", "due_at")
    list_filter = ("tier",)
    list_select_related = ("member__profile", "tier")
    search_fields = ("member__public_id", "member__identities__value")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(TierChange)
class TierChangeAdmin(FactAdmin):
    list_display = (member_column(), "kind", "tier", "first", "period", "period_end", "occurred_at")
    list_filter = ("kind", "tier", "occurred_at")
    list_select_related = ("member__profile", "tier")
    search_fields = ("member__public_id", "member__identities__value")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(GrowthEntry)
class GrowthEntryAdmin(FactAdmin):
    list_display = (
        "public_id",
        member_column(),
        "amount",
        "reference",
        "occurred_at",
        "counts_until",
    )
    list_filter = ("occurred_at",)
    list_select_related = ("member__profile",)
    search_fields = ("public_id", "key", "reference", "member__public_id")
    ordering = ("-id",)
    show_full_result_count = False

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import action

from apps.campaigns import services
from apps.campaigns.models import Budget, Campaign, Policy, Version
from apps.core import clock
from apps.core.admin import (
    EngineAdmin,
    EngineStackedInline,
    EngineTabularInline,
    FactAdmin,
    mode_column,
    money_column,
    run_on_each,
    status_column,
)

_reserved = money_column("reserved_minor", "Reserved", currency="campaign.currency")
_spent = money_column("spent_minor", "Spent", currency="campaign.currency")


class PolicyInline(EngineStackedInline):
    """What the next publishing will freeze."""

    model = Policy
    verbose_name_plural = "Policies: who gets what, for what"
    fields = (
        ("name", "trigger", "beneficiary"),
        ("points", "share_bps", "hold_seconds"),
        ("first_order_only", "min_order_minor"),
        ("cap_per_member", "cap_per_day", "cap_per_campaign"),
    )
    labels = {
        "trigger": "When",
        "beneficiary": "Who gets it",
        "share_bps": "Share of the order",
        "hold_seconds": "Held back, in seconds",
        "first_order_only": "First orders only",
        "min_order_minor": "Smallest order",
        "cap_per_member": "At most, per member",
        "cap_per_day": "At most, per day",
        "cap_per_campaign": "At most, in all",
    }
    help_texts = {
        "min_order_minor": "In minor units: 5000 is 50.00.",
        "hold_seconds": "How long the points stay pending after the fact: 604800 is a week.",
        "cap_per_member": "Grants, not points. Empty: no limit.",
        "cap_per_day": "Empty: no limit.",
        "cap_per_campaign": "Empty: no limit.",
    }


class BudgetInline(EngineTabularInline):
    model = Budget
    verbose_name_plural = "Budget"
    max_num = 1
    can_delete = False
    fields = ("amount_minor", _reserved, _spent)
    readonly_fields = (_reserved, _spent)
    labels = {"amount_minor": "Budget in minor units"}
    help_texts = {"amount_minor": "500000 is 5,000.00. Empty: no limit."}

    def get_extra(self, request: HttpRequest, obj: Campaign | None = None, **kwargs: Any) -> int:
        return 1


@admin.register(Campaign)
class CampaignAdmin(EngineAdmin):
    list_display = ("name", status_column(), "starts_at", "ends_at", "currency", mode_column)
    list_filter = ("status", "is_test", "currency")
    search_fields = ("name", "public_id")
    ordering = ("-id",)
    inlines = (PolicyInline, BudgetInline)
    actions = ("publish", "pause", "resume", "end")
    actions_submit_line = ("save_and_publish",)
    warn_unsaved_form = True
    labels = {
        "is_test": "Test campaign",
        "starts_at": "Starts",
        "ends_at": "Ends",
        "qualifying_act": "What confirms a participant",
        "enrolment": "Which orders count",
        "attribution": "Who brought them",
        "attribution_window": "A touch counts for",
        "keep_window": "An order counts as kept after",
        "cost_of_1000_points_minor": "1,000 points cost",
        "card_title": "Title of the share card",
        "card_picture_url": "Picture of the share card",
        "shop_url": "Where to join",
    }
    help_texts = {
        "currency": "Three letters, such as CNY.",
        "cost_of_1000_points_minor": "To the shop, in minor units: 1000 is 10.00.",
        "attribution": "Which touch wins when several people shared.",
        "card_picture_url": "Twice as wide as high looks best.",
        "shop_url": "Where the shop takes a shopper who wants to join. The engine adds which room, "
        "and the visit that brought them.",
    }
    fieldsets = (
        (None, {"fields": ("name", ("starts_at", "ends_at"), ("time_zone", "is_test"))}),
        ("Money", {"fields": (("currency", "cost_of_1000_points_minor"),)}),
        (
            "Who counts",
            {
                "fields": (
                    ("qualifying_act", "enrolment"),
                    ("attribution", "attribution_window", "keep_window"),
                )
            },
        ),
        (
            "What shoppers see",
            {"fields": (("card_title", "card_picture_url"), "shop_url")},
        ),
    )
    _state = (
        "State",
        {
            "fields": (("status", "published_version", "public_id"),),
            "description": "Changed policies hold for new participants once you publish again; "
            "everybody else keeps the version they joined under.",
        },
    )

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> Any:
        return (self._state, *self.fieldsets) if obj else self.fieldsets

    def get_readonly_fields(
        self, request: HttpRequest, obj: Campaign | None = None
    ) -> tuple[str, ...]:
        stated = ("public_id", "status", "published_version")
        if obj is None or obj.status == Campaign.Status.DRAFT:
            return stated
        # Facts were already read under these.
        return (*stated, "is_test", "currency", "qualifying_act")

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        # A published campaign is a promise, and facts hang on it.
        return obj is not None and obj.status == Campaign.Status.DRAFT

    @action(description="Save and publish")
    def save_and_publish(self, request: HttpRequest, campaign: Campaign) -> None:
        self.publish(request, Campaign.objects.filter(pk=campaign.pk))

    @admin.action(description="Publish: freeze the policies as the next version")
    def publish(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.campaign_publish(campaign_id=row.pk, now=clock.now()),
            "campaigns published",
            "campaign published",
        )
        for campaign in queryset.filter(budget__amount_minor=None):
            words = f"{campaign} has no budget: nothing limits what it may spend."
            self.message_user(request, words, messages.WARNING)

    @admin.action(description="Pause: admit nobody new")
    def pause(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.campaign_pause(campaign_id=row.pk),
            "campaigns paused",
            "campaign paused",
        )

    @admin.action(description="Resume: admit new people again")
    def resume(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.campaign_resume(campaign_id=row.pk),
            "campaigns resumed",
            "campaign resumed",
        )

    @admin.action(description="End for good: this cannot be undone")
    def end(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.campaign_end(campaign_id=row.pk),
            "campaigns ended",
            "campaign ended",
        )


@admin.register(Version)
class VersionAdmin(FactAdmin):
    list_display = ("campaign", "number", "policy_count", "published_at")
    list_filter = ("campaign",)
    list_select_related = ("campaign",)
    ordering = ("-id",)

    @admin.display(description="Policies")
    def policy_count(self, version: Version) -> int:
        return len(version.policies)


@admin.register(Budget)
class BudgetAdmin(FactAdmin):
    list_display = (
        "campaign",
        money_column("amount_minor", "Budget", currency="campaign.currency"),
        _reserved,
        _spent,
    )
    list_select_related = ("campaign",)
    ordering = ("-id",)

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from apps.campaigns import services
from apps.campaigns.models import Budget, Campaign, Policy, Version
from apps.core import clock
from apps.core.admin import FactAdmin, run_on_each


class PolicyInline(StackedInline):
    model = Policy
    extra = 0
    fields = (
        ("name", "trigger", "beneficiary"),
        ("points", "share_bps", "hold_seconds"),
        ("first_order_only", "min_order_minor"),
        ("cap_per_member", "cap_per_day", "cap_per_campaign"),
    )


class BudgetInline(TabularInline):
    model = Budget
    extra = 1
    max_num = 1
    can_delete = False
    readonly_fields = ("reserved_minor", "spent_minor")


@admin.register(Campaign)
class CampaignAdmin(ModelAdmin):
    list_display = ("name", "status", "starts_at", "ends_at", "currency", "is_test", "public_id")
    list_filter = ("status", "is_test")
    search_fields = ("name", "public_id")
    readonly_fields = ("public_id", "status", "published_version")
    inlines = (PolicyInline, BudgetInline)
    actions = ("publish", "pause", "resume", "end")
    fieldsets = (
        (None, {"fields": ("name", "public_id", "status", "published_version", "is_test")}),
        ("When", {"fields": (("starts_at", "ends_at"), "time_zone")}),
        ("Money", {"fields": (("currency", "cost_of_1000_points_minor"),)}),
        (
            "Who counts",
            {
                "fields": (
                    ("qualifying_act", "enrolment"),
                    ("attribution", "attribution_window"),
                    "keep_window",
                )
            },
        ),
        ("What shoppers see", {"fields": ("card_title", "card_picture_url", "shop_url")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        # A published campaign is a promise, and facts hang on it.
        return obj is not None and obj.status == Campaign.Status.DRAFT

    @admin.action(description="Publish: freeze the policies as the next version")
    def publish(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.campaign_publish(campaign_id=row.pk, now=clock.now()),
            "campaigns published",
        )

    @admin.action(description="Pause: admit nobody new")
    def pause(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.campaign_pause(campaign_id=row.pk),
            "campaigns paused",
        )

    @admin.action(description="Resume")
    def resume(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.campaign_resume(campaign_id=row.pk),
            "campaigns resumed",
        )

    @admin.action(description="End for good")
    def end(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.campaign_end(campaign_id=row.pk),
            "campaigns ended",
        )


@admin.register(Version)
class VersionAdmin(FactAdmin):
    list_display = ("campaign", "number", "published_at")
    list_filter = ("campaign",)
    list_select_related = ("campaign",)


@admin.register(Budget)
class BudgetAdmin(FactAdmin):
    list_display = ("campaign", "amount_minor", "reserved_minor", "spent_minor")
    list_select_related = ("campaign",)

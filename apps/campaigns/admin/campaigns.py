"""The campaign's own form, and its list."""

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import DurationField, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display

from apps.campaigns import services
from apps.campaigns.admin.costs import CostPages
from apps.campaigns.admin.fields import SpanField
from apps.campaigns.admin.policies import PolicyInline, VariantInline
from apps.campaigns.effects import Turn
from apps.campaigns.models import Budget, Campaign
from apps.campaigns.rules import Severity
from apps.campaigns.selectors import overrides_of, state_of
from apps.core import clock
from apps.core.admin import (
    EngineAdmin,
    EngineTabularInline,
    mode_column,
    money_column,
    run_on_each,
)
from apps.core.errors import EngineError
from apps.core.fields import PercentField

_reserved = money_column("reserved_minor", "Reserved", currency="campaign.currency")
_spent = money_column("spent_minor", "Spent", currency="campaign.currency")


class CampaignForm(forms.ModelForm):
    """Its window is a promise: what was ordered inside it stays inside."""

    def clean_ends_at(self) -> dt.datetime | None:
        wanted: dt.datetime | None = self.cleaned_data["ends_at"]
        published = self.instance.status not in ("", Campaign.Status.DRAFT)
        if published and wanted is not None and "ends_at" in self.changed_data:
            if wanted <= clock.now():
                raise forms.ValidationError(
                    "This is over already: what was ordered since would lose its rewards. Choose a "
                    "moment to come, or end the campaign now by “End”."
                )
        return wanted


class BudgetForm(forms.ModelForm):
    tail_bps = PercentField(
        label="Tail",
        max_value=100,
        help_text="In percent: kept back for those who already joined.",
    )

    class Meta:
        model = Budget
        fields = ("amount_minor", "tail_bps", "partner")


class BudgetFormSet(EngineTabularInline.formset):  # type: ignore[valid-type, misc]
    """Writes through the service, as the budget's page does."""

    refused: EngineError | None = None

    def save_existing(self, form: Any, obj: Budget, commit: bool = True) -> Budget:
        if commit:
            try:
                with transaction.atomic():
                    services.budget_change(
                        campaign_id=obj.campaign_id,
                        amount_minor=form.cleaned_data["amount_minor"],
                        tail_bps=form.cleaned_data["tail_bps"],
                        partner=form.cleaned_data["partner"],
                    )
            except EngineError as error:
                self.refused = error
        return obj


class BudgetInline(EngineTabularInline):
    model = Budget
    form = BudgetForm
    formset = BudgetFormSet
    verbose_name_plural = "Budget"
    max_num = 1
    can_delete = False
    fields = ("amount_minor", "tail_bps", "partner", _reserved, _spent)
    readonly_fields = (_reserved, _spent)
    labels = {"amount_minor": "Budget in minor units"}
    help_texts = {"amount_minor": "500000 is 5,000.00. Empty: no limit."}

    def get_extra(self, request: HttpRequest, obj: Campaign | None = None, **kwargs: Any) -> int:
        return 1


_STATES = {
    "running": "success",
    "scheduled": "info",
    "pre-heating": "info",
    "paused": "warning",
    "stopped": "danger",
}


@display(description="State", ordering="status", label=_STATES)
def state_column(campaign: Campaign) -> tuple[str, str] | str:
    """The campaign's state, with what its status does not say: pre-heating, stopped."""
    state = state_of(campaign, clock.now())
    return (state, state) if state in _STATES else state


@admin.register(Campaign)
class CampaignAdmin(CostPages, EngineAdmin):
    form = CampaignForm
    formfield_overrides: ClassVar[dict[Any, Any]] = {DurationField: {"form_class": SpanField}}
    list_display = ("name", state_column, "starts_at", "ends_at", "currency", mode_column)
    list_filter = ("status", "is_test", "currency")
    search_fields = ("name", "public_id")
    ordering = ("-id",)
    inlines = (PolicyInline, VariantInline, BudgetInline)
    actions = ("publish", "pause", "resume", "end", "copy_each")
    actions_submit_line = ("save_and_publish",)
    warn_unsaved_form = True
    labels = {
        "is_test": "Test campaign",
        "starts_at": "Starts",
        "ends_at": "Ends",
        "shown_from": "Shown from",
        "counts_group_discounts": "Group discounts count",
        "qualifying_act": "What confirms a participant",
        "enrolment": "Which orders count",
        "attribution": "Who brought them",
        "attribution_window": "A touch counts for",
        "qualification_window": "An act earns for",
        "keep_window": "An order counts as kept after",
        "levels": "Levels of rewards",
        "cost_of_1000_points_minor": "1,000 points cost",
        "card_title": "Title of the share card",
        "card_picture_url": "Picture of the share card",
        "shop_url": "Where to join",
        "leaderboard_size": "Places of the leaderboard",
    }
    help_texts = {
        "currency": "Three letters, such as CNY.",
        "cost_of_1000_points_minor": "To the shop, in minor units: 1000 is 10.00.",
        "attribution": "Which touch wins when several people shared.",
        "attribution_window": "How old a visit, a code or a coupon may be when it says who brought "
        "them.",
        "qualification_window": "How long after joining what somebody does may still earn. "
        "Empty: as long as the campaign runs. Frozen when you publish.",
        "card_picture_url": "Twice as wide as high looks best.",
        "shop_url": "Where the shop takes a shopper who wants to join. The engine adds which room, "
        "and the visit that brought them.",
        "leaderboard_size": "Phones show so many of those who brought most, with nickname and "
        "picture, at most 100. Empty: phones see none.",
        "shown_from": "Pre-heating: people can share it and join from then on; orders and rooms "
        "count from the start. Empty: none.",
        "levels": "A second level rewards the referrer's referrer. Many places forbid it or limit "
        "it: publishing asks for your reason. There is no third.",
    }
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    ("starts_at", "ends_at"),
                    "shown_from",
                    ("time_zone", "is_test"),
                )
            },
        ),
        (
            "Money",
            {"fields": (("currency", "cost_of_1000_points_minor", "counts_group_discounts"),)},
        ),
        (
            "Who counts",
            {
                "fields": (
                    ("qualifying_act", "enrolment"),
                    ("attribution", "attribution_window"),
                    ("qualification_window", "keep_window"),
                    ("exclusive_group", "priority", "levels"),
                )
            },
        ),
        (
            "What shoppers see",
            {"fields": (("card_title", "card_picture_url"), ("shop_url", "leaderboard_size"))},
        ),
    )
    _state = (
        "State",
        {
            "fields": (("state", "published_version", "public_id", "copy_of"),),
            "description": "Changed policies hold for new participants once you publish again; "
            "everybody else keeps the version they joined under.",
        },
    )

    @admin.display(description="Status")
    def state(self, campaign: Campaign) -> str:
        return state_of(campaign, clock.now())

    @admin.display(description="Copied from")
    def copy_of(self, campaign: Campaign) -> str:
        if campaign.copied_from is None:
            return "–"
        address = reverse("admin:campaigns_campaign_change", args=[campaign.copied_from_id])
        return format_html('<a class="report-link" href="{}">{}</a>', address, campaign.copied_from)

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> Any:
        return (self._state, *self.fieldsets) if obj else self.fieldsets

    def get_readonly_fields(
        self, request: HttpRequest, obj: Campaign | None = None
    ) -> tuple[str, ...]:
        stated = ("public_id", "state", "published_version", "copy_of")
        if obj is None or obj.status == Campaign.Status.DRAFT:
            return stated
        # Facts were already read under these.
        fixed = (*stated, "is_test", "currency", "qualifying_act")
        if obj.status == Campaign.Status.ENDED:  # it never runs again
            return (*fixed, "starts_at", "ends_at", "shown_from")
        return (*fixed, "starts_at") if obj.starts_at <= clock.now() else fixed

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        # A published campaign is a promise, and facts hang on it; so do reasons and costs.
        if obj is None or obj.status != Campaign.Status.DRAFT:
            return False
        return not overrides_of(obj) and not obj.costs.exists()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for formset in formsets:
            if (refused := getattr(formset, "refused", None)) is not None:
                self.message_user(request, f"Budget: {refused}", messages.ERROR)
        self._tell_findings(request, form.instance)

    def _tell_findings(self, request: HttpRequest, campaign: Campaign) -> None:
        """What the compliance check finds in what was just saved."""
        try:
            findings = services.campaign_findings(campaign)
        except EngineError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        given = overrides_of(campaign)
        address = reverse("admin:campaigns_campaign_compliance", args=[campaign.pk])
        for finding in findings:
            if (finding.code, finding.policy) in given and not finding.is_final:
                continue
            blocks = finding.severity is Severity.BLOCKING
            words = format_html(
                '{}{} {} <a class="underline" href="{}">Compliance</a>',
                f"“{finding.policy_name}”: " if finding.policy_name else "",
                finding.wrong,
                finding.instead,
                address,
            )
            self.message_user(request, words, messages.ERROR if blocks else messages.WARNING)

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
        if "save_and_publish" not in request.POST:  # a form that is saved tells all that was found
            for campaign in queryset.filter(budget__amount_minor=None):
                words = f"{campaign} has no budget: nothing limits what it may spend."
                self.message_user(request, words, messages.WARNING)

    @admin.action(description="Pause … admit nobody new")
    def pause(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> HttpResponse:
        return self.before_turn(Turn.PAUSE, queryset)

    @admin.action(description="Resume … admit new people again")
    def resume(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> HttpResponse:
        return self.before_turn(Turn.RESUME, queryset)

    @admin.action(description="End … for good: this cannot be undone")
    def end(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> HttpResponse:
        return self.before_turn(Turn.END, queryset)

    @admin.action(description="Copy: a draft with the same terms")
    def copy_each(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda row: services.campaign_copy(campaign_id=row.pk, now=clock.now()),
            "campaigns copied, as drafts",
            "campaign copied, as a draft",
        )

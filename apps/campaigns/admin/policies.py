"""The policies of a campaign as a form: when, who gets what, only if, at most, held."""

import json
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from apps.campaigns.admin import words
from apps.campaigns.admin.fields import HoldField, NumbersField, WordsField
from apps.campaigns.models import Campaign, Policy, Variant
from apps.campaigns.rules import POSSIBLE, REFERRAL_TRIGGERS, AwardKind, Trigger
from apps.core.admin import EngineStackedInline, EngineTabularInline
from apps.core.fields import PercentField
from apps.coupons.models import Template
from apps.coupons.selectors import template_cost
from apps.tiers.selectors import tiers

# Amounts that a policy may do without; most of them are not shown to most.
_EMPTY_IS_NOTHING = ("points", "amount_minor", "gift_cost_minor", "min_order_minor")

_ABOUT_ORDERS = (Trigger.ORDER_PAID, Trigger.FRIEND_BOUGHT)


def _asked_by_trigger() -> str:
    """What the page has to know to show only the fields that apply."""
    return json.dumps(
        {
            trigger: {
                "who": sorted(POSSIBLE[trigger]),
                "order": trigger in _ABOUT_ORDERS,
                "friends": trigger in REFERRAL_TRIGGERS,
            }
            for trigger in Trigger
        }
    )


def _choice(label: str, choices: words.Choices, **attrs: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, widget=UnfoldAdminSelectWidget(attrs=attrs)
    )


def coupon_choices(present: str) -> words.Choices:
    """The templates that mint coupons now, and the one that is chosen already."""
    offered = Template.objects.active().filter(applies=Template.Applies.CLAIMED)
    rows = (offered | Template.objects.filter(public_id=present)).order_by("name")
    return [
        ("", "No coupon"),
        *((row.public_id, f"{row.name}, {row.currency}" + " (test)" * row.is_test) for row in rows),
    ]


class PolicyForm(forms.ModelForm):
    trigger = _choice(
        "When",
        [("", "Choose what is rewarded"), *words.TRIGGERS],
        **{"data-asks": _asked_by_trigger()},
    )
    beneficiary = _choice("Who gets it", [("", "Choose who gets it"), *words.BENEFICIARIES])
    kind = _choice("What they get", words.KINDS)
    share_bps = PercentField(
        label="And a share of the order",
        help_text="In percent. As points, a minor unit is a point: 2.5 % of 100.00 is 250 points.",
        max_value=100_000,
    )
    coupon_template = forms.ChoiceField(
        label="Which coupon",
        required=False,
        widget=UnfoldAdminSelectWidget(),
        help_text="Active templates of the campaign's currency.",
    )
    product_tags = WordsField(
        label="Products tagged",
        help_text="Words with commas between: tea, gift set. Empty: any product.",
    )
    channels = WordsField(
        label="Came by channel", help_text="With commas between: chat, moments. Empty: any."
    )
    tiers = WordsField(label="In tier", help_text="Codes with commas between. Empty: any.")
    milestone_every = forms.IntegerField(
        label="Only every … friend",
        min_value=1,
        max_value=1_000_000,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="3 is every 3rd: the 3rd, 6th, 9th. Empty: every friend.",
    )
    milestone_at = NumbersField(
        label="Or at friend number", help_text="With commas between: 5, 10, 20."
    )
    hold_seconds = HoldField(
        label="Held back for", help_text="It stays pending so long, and a refund takes it back."
    )
    hold_from = _choice("Counted", words.HOLDS)

    class Meta:
        model = Policy
        fields = "__all__"  # noqa: DJ007  the admin page names them

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        if "coupon_template" in self.fields:
            present = str(self.initial.get("coupon_template") or "")
            self.fields["coupon_template"].choices = coupon_choices(present)  # type: ignore[attr-defined]
        for name in _EMPTY_IS_NOTHING:
            if name in self.fields:
                self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        for name in _EMPTY_IS_NOTHING:
            if name in given and given[name] is None:
                given[name] = 0
        campaign = given.get("campaign")  # also one that is only being added
        if campaign is not None:
            self._require_fitting_coupon(campaign, given)
            self._require_known_tiers(campaign, given)
        return given

    def _require_fitting_coupon(self, campaign: Campaign, given: dict[str, Any]) -> None:
        chosen = given.get("coupon_template")
        if not chosen or given.get("kind") != AwardKind.COUPON:
            return
        cost = template_cost(chosen)
        if cost.is_test != campaign.is_test:
            self.add_error(
                "coupon_template", "Test campaigns give test coupons, live campaigns live ones."
            )
        elif campaign.currency and cost.currency != campaign.currency:
            self.add_error(
                "coupon_template",
                f"This coupon is in {cost.currency}, the campaign in {campaign.currency}.",
            )

    def _require_known_tiers(self, campaign: Campaign, given: dict[str, Any]) -> None:
        wanted = given.get("tiers")
        if not wanted or "tiers" not in self.changed_data:
            return
        known = {tier.code for tier in tiers(is_test=campaign.is_test)}
        strange = [code for code in wanted if code not in known]
        if strange:
            there = ", ".join(sorted(known)) or "none yet"
            self.add_error("tiers", f"There is no tier “{strange[0]}”. There are: {there}.")

    def clean_hold_seconds(self) -> int:
        # Untouched, a hold keeps the seconds that its days and hours do not show.
        given: int = self.cleaned_data["hold_seconds"]
        return given if "hold_seconds" in self.changed_data else self.initial["hold_seconds"]


class PolicyInline(EngineStackedInline):
    """What the next publishing will freeze."""

    model = Policy
    form = PolicyForm
    verbose_name_plural = "Policies: who gets what, for what"
    fieldsets = (
        (None, {"fields": ("name",)}),
        ("When, and who gets it", {"fields": (("trigger", "beneficiary"),)}),
        (
            "What",
            {
                "fields": (
                    ("kind", "points", "amount_minor", "coupon_template"),
                    ("gift", "gift_cost_minor"),
                    ("share_bps", "max_amount"),
                )
            },
        ),
        (
            "Only if",
            {
                "fields": (
                    ("first_order_only", "new_members_only"),
                    ("min_order_minor", "product_tags"),
                    ("milestone_every", "milestone_at"),
                    ("tiers", "channels", "variant"),
                    ("audience", "excluded_audience"),
                    ("beneficiary_audience", "excluded_beneficiary_audience"),
                )
            },
        ),
        (
            "At most",
            {"fields": (("cap_per_member", "cap_per_order"), ("cap_per_day", "cap_per_campaign"))},
        ),
        ("Held", {"fields": (("hold_seconds", "hold_from"),)}),
    )
    labels = {
        "points": "How many",
        "amount_minor": "How much",
        "max_amount": "But at most",
        "gift": "Which gift",
        "gift_cost_minor": "What it costs the shop",
        "first_order_only": "It is their first order",
        "new_members_only": "They are new: never bought before",
        "min_order_minor": "The order is at least",
        "variant": "In variant",
        "audience": "They are on the list",
        "excluded_audience": "They are not on the list",
        "beneficiary_audience": "Whoever gets it is on the list",
        "excluded_beneficiary_audience": "Whoever gets it is not on the list",
        "cap_per_member": "Per member",
        "cap_per_order": "Per order",
        "cap_per_day": "Per member and day",
        "cap_per_campaign": "In all",
    }
    help_texts = {
        "points": "Points, or growth value.",
        "amount_minor": "In minor units: 500 is 5.00.",
        "max_amount": "One award with its share, in points or minor units. Empty: no limit.",
        "gift_cost_minor": "In minor units; it is taken from the budget.",
        "min_order_minor": "In minor units: 5000 is 50.00. With tags, of the tagged products.",
        "beneficiary_audience": "Terms of partners: a list of those who bring, not of those who buy.",
        "variant": "The key of one of the variants below. Empty: in all of them.",
        "cap_per_member": "How often one member can get it. Empty: no limit.",
        "cap_per_order": "How often one order can give it. Empty: no limit.",
        "cap_per_day": "In the campaign's time zone. Empty: no limit.",
        "cap_per_campaign": "Empty: no limit.",
    }

    class Media:
        js = ("admin_pages/policies.js",)


class VariantFormSet(EngineTabularInline.formset):  # type: ignore[valid-type, misc]
    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form not in self.deleted_forms]
        holdouts = [form for form in kept if form.cleaned_data.get("is_holdout")]
        for form in holdouts[1:]:
            form.add_error("is_holdout", "One variant at most is the holdout.")


class VariantInline(EngineTabularInline):
    """What seeds are drawn into."""

    model = Variant
    formset = VariantFormSet
    verbose_name_plural = "Variants: who gets which policies, to compare"
    fields = ("key", "weight", "is_holdout")
    labels = {"key": "Key", "weight": "Weight in the draw", "is_holdout": "Holdout: gets nothing"}
    help_texts = {"weight": "2 is drawn twice as often as 1.", "is_holdout": "One at most."}

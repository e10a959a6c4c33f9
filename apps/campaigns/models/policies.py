"""Policies as operators edit them, variants, and the versions that freeze both."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from apps.campaigns.models.audiences import Audience
from apps.campaigns.models.campaigns import Campaign
from apps.campaigns.rules import (
    POSSIBLE,
    REFERRAL_TRIGGERS,
    AwardKind,
    Beneficiary,
    HoldFrom,
    Trigger,
)
from apps.core.ids import new_id


def _words_list() -> "models.JSONField[Any, Any]":
    return models.JSONField(default=list, blank=True)


def _cap() -> "models.PositiveIntegerField[Any, Any]":
    return models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])


class Policy(models.Model):
    """One promise of a campaign: (trigger, conditions, beneficiary, award, caps, hold)."""

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "pol"))
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="policies")
    name = models.CharField(max_length=80)
    trigger = models.CharField(
        max_length=20, choices=[(t.value, t.replace("_", " ")) for t in Trigger]
    )
    beneficiary = models.CharField(
        max_length=16, choices=[(b.value, b.replace("_", " ")) for b in Beneficiary]
    )

    kind = models.CharField(
        max_length=8,
        choices=[(k.value, k.value) for k in AwardKind],
        default=AwardKind.POINTS.value,
    )
    points = models.PositiveIntegerField(default=0, help_text="Points, or growth value.")
    share_bps = models.PositiveIntegerField(
        default=0, help_text="A share of the order in hundredths of a percent: 250 = 2.5 %."
    )
    amount_minor = models.PositiveBigIntegerField(default=0, help_text="Of a payable award.")
    max_amount = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="The most one award may be, its share included."
    )
    coupon_template = models.CharField(max_length=32, blank=True, help_text="Its tpl_… id.")
    gift = models.CharField(max_length=120, blank=True)
    gift_cost_minor = models.PositiveBigIntegerField(default=0)

    first_order_only = models.BooleanField(default=False)
    new_members_only = models.BooleanField(default=False)
    min_order_minor = models.PositiveBigIntegerField(default=0)
    product_tags = _words_list()
    channels = _words_list()
    tiers = _words_list()
    audience = models.ForeignKey(
        Audience, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    excluded_audience = models.ForeignKey(
        Audience, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    beneficiary_audience = models.ForeignKey(
        Audience,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Terms of those on this list: whoever gets the award is asked, not whoever acts.",
    )
    excluded_beneficiary_audience = models.ForeignKey(
        Audience, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    variant = models.CharField(max_length=20, blank=True, help_text="Empty: in every variant.")
    milestone_every = _cap()
    milestone_at = _words_list()

    hold_seconds = models.PositiveIntegerField(
        default=7 * 24 * 3600, help_text="How long after the fact the award stays pending."
    )
    hold_from = models.CharField(
        max_length=10, choices=[(h.value, h.value) for h in HoldFrom], default=HoldFrom.FACT.value
    )
    cap_per_member = _cap()
    cap_per_day = _cap()
    cap_per_order = _cap()
    cap_per_campaign = _cap()

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        problems = {**self._award_problems(), **self._condition_problems()}
        if self.trigger and self.beneficiary not in POSSIBLE[Trigger(self.trigger)]:
            named = ", ".join(sorted(POSSIBLE[Trigger(self.trigger)]))
            problems["beneficiary"] = f"For this, only these can get something: {named}."
        if problems:
            raise ValidationError(problems)

    def _award_problems(self) -> dict[str, str]:
        if self.kind == AwardKind.COUPON and not self.coupon_template:
            return {"coupon_template": "Choose the coupon to give."}
        if self.kind == AwardKind.CUSTOM and not self.gift:
            return {"gift": "Say what the shop gives."}
        if self.kind in (AwardKind.COUPON, AwardKind.CUSTOM):
            return {"share_bps": "A coupon or a gift has no share."} if self.share_bps else {}
        if self.kind == AwardKind.PAYABLE and not (self.amount_minor or self.share_bps):
            return {"amount_minor": "Award an amount, or a share of the order."}
        if self.kind != AwardKind.PAYABLE and not (self.points or self.share_bps):
            return {"points": "Award some points, or a share of the order."}
        return {}

    def _condition_problems(self) -> dict[str, str]:
        problems = {}
        has_order = self.trigger in (Trigger.ORDER_PAID, Trigger.FRIEND_BOUGHT)
        if self.share_bps and not has_order:
            problems["share_bps"] = "Only a paid order has an amount to share."
        for field in ("first_order_only", "min_order_minor", "product_tags"):
            if getattr(self, field) and not has_order:
                problems[field] = "Only a paid order can be asked about this."
        if self.hold_from == HoldFrom.FULFILMENT and not has_order:
            problems["hold_from"] = "Only an order is fulfilled."
        if self.trigger not in REFERRAL_TRIGGERS:
            for field in ("milestone_every", "milestone_at"):
                if getattr(self, field):
                    problems[field] = "Only friends are counted: choose such a trigger."
        for field in ("audience", "beneficiary_audience"):
            wanted = getattr(self, f"{field}_id")
            if wanted is not None and wanted == getattr(self, f"excluded_{field}_id"):
                problems[f"excluded_{field}"] = "Nobody is in a list and not in it."
        return problems


class Variant(models.Model):
    """A variant of a campaign, drawn for its seeds by weight. The holdout gets nothing."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="variants")
    key = models.SlugField(max_length=20, help_text="Short: a, b, holdout.")
    weight = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    is_holdout = models.BooleanField(default=False, help_text="Gets nothing, to compare with.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "key"], name="variant_once_per_campaign")
        ]

    def __str__(self) -> str:
        return self.key


class Version(models.Model):
    """The policies as they were when somebody published them. Never changes."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    policies = models.JSONField()
    variants = models.JSONField(default=list)
    qualification_window = models.DurationField(
        null=True, help_text="How long after joining an act may still earn."
    )
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="version_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.campaign}, version {self.number}"

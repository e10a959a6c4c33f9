"""What operators configure: campaigns, their policies, frozen versions and budgets."""

import datetime as dt
import zoneinfo
from functools import partial

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from apps.campaigns.rules import POSSIBLE, Beneficiary, Trigger
from apps.core.clock import EngineNow
from apps.core.ids import new_id


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone such as Asia/Shanghai.")


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def running(self, at: dt.datetime) -> "CampaignQuerySet":
        """Published, not paused, and `at` inside the window [starts_at, ends_at)."""
        published = (Campaign.Status.SCHEDULED, Campaign.Status.RUNNING)
        return self.filter(
            Q(ends_at=None) | Q(ends_at__gt=at), status__in=published, starts_at__lte=at
        )


class Campaign(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft"
        SCHEDULED = "scheduled"
        RUNNING = "running"
        PAUSED = "paused"
        ENDED = "ended"

    class QualifyingAct(models.TextChoices):
        JOIN = "join", "Joining"
        ORDER = "order", "A kept order"
        ROOM = "room", "A completed room"

    class Attribution(models.TextChoices):
        FIRST = "first", "The first touch"
        LAST = "last", "The last touch"

    class Enrolment(models.TextChoices):
        PARTICIPANTS = "participants", "Orders of participants"
        EVERYONE = "everyone", "Orders of everyone who buys"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "cmp"))
    name = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    is_test = models.BooleanField(
        default=False, help_text="Met by test members only; counts nowhere."
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until you end it.")
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[validate_time_zone],
        help_text="Days are counted here.",
    )
    currency = models.CharField(max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$")])
    qualifying_act = models.CharField(
        max_length=8,
        choices=QualifyingAct.choices,
        default=QualifyingAct.JOIN,
        help_text="What confirms a participant and fixes who brought them.",
    )
    attribution = models.CharField(
        max_length=5, choices=Attribution.choices, default=Attribution.LAST
    )
    attribution_window = models.DurationField(
        default=dt.timedelta(days=7),
        help_text="How old a touch may be, as days hours:minutes:seconds.",
    )
    enrolment = models.CharField(
        max_length=12, choices=Enrolment.choices, default=Enrolment.PARTICIPANTS
    )
    keep_window = models.DurationField(
        default=dt.timedelta(days=7),
        help_text="How long an order must stay unrefunded to count as kept.",
    )
    cost_of_1000_points_minor = models.PositiveIntegerField(
        default=1000, help_text="What 1,000 points cost the shop, in minor units of the currency."
    )
    shop_url = models.URLField(
        max_length=300,
        blank=True,
        help_text="Where the shop takes a shopper who wants to join. The engine adds ?room= and &visit=.",
    )
    card_title = models.CharField(
        max_length=120,
        blank=True,
        help_text="Shown when the campaign's link is shared; a room's link shows its offer.",
    )
    card_picture_url = models.URLField(max_length=500, blank=True)
    published_version = models.ForeignKey(
        "Version", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=EngineNow())

    objects = CampaignQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="campaign_ends_after_start",
                violation_error_message="The campaign must end after it starts.",
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(published_version__isnull=False),
                name="campaign_published_with_version",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Policy(models.Model):
    """One promise of a campaign: (trigger, conditions, beneficiary, award, caps, hold)."""

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "pol"))
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="policies")
    name = models.CharField(max_length=80)
    trigger = models.CharField(max_length=20, choices=[(t, t.replace("_", " ")) for t in Trigger])
    beneficiary = models.CharField(max_length=12, choices=[(b, b) for b in Beneficiary])
    points = models.PositiveIntegerField(default=0)
    share_bps = models.PositiveIntegerField(
        default=0, help_text="A share of the order in hundredths of a percent: 250 = 2.5 %."
    )
    first_order_only = models.BooleanField(default=False)
    min_order_minor = models.PositiveBigIntegerField(default=0)
    hold_seconds = models.PositiveIntegerField(
        default=7 * 24 * 3600, help_text="How long after the fact the points stay pending."
    )
    cap_per_member = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    cap_per_day = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    cap_per_campaign = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not self.points and not self.share_bps:
            raise ValidationError({"points": "Award some points, or a share of the order."})
        if self.share_bps and self.trigger != Trigger.ORDER_PAID:
            raise ValidationError({"share_bps": "Only a paid order has an amount to share."})
        if self.first_order_only and self.trigger != Trigger.ORDER_PAID:
            raise ValidationError({"first_order_only": "Only an order can be a first one."})
        if self.trigger and self.beneficiary not in POSSIBLE[Trigger(self.trigger)]:
            named = ", ".join(sorted(POSSIBLE[Trigger(self.trigger)]))
            raise ValidationError(
                {"beneficiary": f"For this, only these can get something: {named}."}
            )


class Version(models.Model):
    """The policies as they were when somebody published them. Never changes."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    policies = models.JSONField()
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="version_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.campaign}, version {self.number}"


class Budget(models.Model):
    """A campaign's money, in minor units. A row of its own, because it is locked last."""

    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, related_name="budget")
    amount_minor = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Empty: no limit."
    )
    reserved_minor = models.BigIntegerField(default=0)
    spent_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reserved_minor__gte=0) & Q(spent_minor__gte=0),
                name="budget_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor=None)
                | Q(amount_minor__gte=F("reserved_minor") + F("spent_minor")),
                name="budget_not_overspent",
                violation_error_message="More than this is already reserved or spent.",
            ),
        ]

    def __str__(self) -> str:
        return f"Budget of {self.campaign}"

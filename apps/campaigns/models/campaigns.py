"""A campaign, and the overrides it was published with."""

import datetime as dt
import zoneinfo
from functools import partial

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone such as Asia/Shanghai.")


def validate_positive(duration: dt.timedelta) -> None:
    if duration <= dt.timedelta(0):
        raise ValidationError("This is no time at all.")


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def running(self, at: dt.datetime) -> "CampaignQuerySet":
        """Published, not paused, and `at` inside the window [starts_at, ends_at)."""
        published = (Campaign.Status.SCHEDULED, Campaign.Status.RUNNING)
        return self.filter(
            Q(ends_at=None) | Q(ends_at__gt=at),
            status__in=published,
            starts_at__lte=at,
            stopped_at=None,
        )

    def shown(self, at: dt.datetime) -> "CampaignQuerySet":
        """Running at `at`, or pre-heated then: people may share it and join."""
        published = (Campaign.Status.SCHEDULED, Campaign.Status.RUNNING)
        return self.filter(
            Q(ends_at=None) | Q(ends_at__gt=at),
            Q(starts_at__lte=at) | Q(shown_from__lte=at),
            status__in=published,
            stopped_at=None,
        )

    def stoppable(self) -> "CampaignQuerySet":
        """What the emergency stop is about: published and not ended."""
        return self.exclude(status__in=(Campaign.Status.DRAFT, Campaign.Status.ENDED))


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
    shown_from = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Pre-heating: from then on it is shown and can be shared, before it starts.",
    )
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
    qualification_window = models.DurationField(
        null=True,
        blank=True,
        validators=[validate_positive],
        help_text="How long after joining an act may still earn. Empty: as long as the campaign runs.",
    )
    enrolment = models.CharField(
        max_length=12, choices=Enrolment.choices, default=Enrolment.PARTICIPANTS
    )
    exclusive_group = models.CharField(
        max_length=40,
        blank=True,
        help_text="Of the campaigns with the same word here, an order counts in one only.",
    )
    priority = models.IntegerField(
        default=0, help_text="Of an exclusive group, the highest gets the order."
    )
    levels = models.PositiveSmallIntegerField(
        choices=[(1, "One: the referrer"), (2, "Two: the referrer's referrer too")],
        default=1,
        help_text="Many places forbid more than one; there is no third.",
    )
    counts_group_discounts = models.BooleanField(
        default=False,
        help_text="What a group price takes off comes out of the budget too.",
    )
    stopped_at = models.DateTimeField(
        null=True, blank=True, help_text="Under the emergency stop since then."
    )
    copied_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
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
    leaderboard_size = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="How many of those who brought most are shown on phones, at most 100. Empty: none.",
    )
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
                condition=Q(shown_from=None) | Q(shown_from__lt=F("starts_at")),
                name="campaign_shown_before_start",
                violation_error_message="Pre-heating comes before the start.",
            ),
            models.CheckConstraint(
                condition=Q(levels__in=(1, 2)), name="campaign_has_one_level_or_two"
            ),
            models.CheckConstraint(
                condition=Q(leaderboard_size=None) | Q(leaderboard_size__range=(1, 100)),
                name="campaign_leaderboard_size",
                violation_error_message="A leaderboard shows between 1 and 100 people.",
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(published_version__isnull=False),
                name="campaign_published_with_version",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ComplianceOverride(models.Model):
    """An operator's reason to publish against a blocking finding. Kept for good."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="overrides")
    finding = models.CharField(max_length=40, help_text="The finding's code.")
    policy = models.CharField(max_length=32, blank=True, help_text="The policy it is about.")
    reason = models.CharField(max_length=300)
    overridden_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    overridden_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "finding", "policy"], name="override_once_per_finding"
            )
        ]

    def __str__(self) -> str:
        return f"{self.finding} of {self.campaign}"

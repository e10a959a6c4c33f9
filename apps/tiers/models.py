"""The ladder, where each member stands on it, and the growth that carried them there."""

from functools import partial

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.members.models import Member

MAX_GROWTH = 10**12
MAX_DAYS = 3_660

_days = [MinValueValidator(1), MaxValueValidator(MAX_DAYS)]
_growth = [MinValueValidator(1), MaxValueValidator(MAX_GROWTH)]


class Ladder(models.Model):
    """How tiers work in live or in test mode. There is one of each."""

    class Fall(models.TextChoices):
        ONE_STEP = "one_step", "to the next tier below"
        STRAIGHT = "straight", "to the tier that growth earns"

    is_test = models.BooleanField("test mode", default=False, unique=True)
    period_days = models.PositiveSmallIntegerField(
        "rolling period", default=365, validators=_days, help_text="In days."
    )
    grace_days = models.PositiveSmallIntegerField(
        "grace", default=0, validators=[MaxValueValidator(MAX_DAYS)], help_text="In days."
    )
    fall = models.CharField(max_length=8, choices=Fall.choices, default=Fall.ONE_STEP)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    period_days__gte=1, period_days__lte=MAX_DAYS, grace_days__lte=MAX_DAYS
                ),
                name="ladder_periods_are_days_to_years",
            )
        ]

    def __str__(self) -> str:
        return "Test ladder" if self.is_test else "Ladder"


class Tier(models.Model):
    ladder = models.ForeignKey(Ladder, on_delete=models.PROTECT, related_name="tiers")
    code = models.CharField(
        max_length=20,
        validators=[RegexValidator(r"^[a-z0-9_-]+$", "Small letters, digits, _ and - only.")],
        help_text="Short and lasting, such as gold: campaigns and shops name the tier by it.",
    )
    name = models.CharField(max_length=40, help_text="As shoppers see it.")
    rank = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(100)], help_text="1 is the lowest."
    )
    threshold = models.PositiveBigIntegerField(
        "growth needed", validators=_growth, help_text="Within one rolling period."
    )

    class Meta:
        ordering = ["ladder", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["ladder", "code"], name="tier_code_once"),
            models.UniqueConstraint(
                fields=["ladder", "rank"],
                name="tier_rank_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(
                fields=["ladder", "threshold"],
                name="tier_threshold_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=Q(rank__gte=1, threshold__gte=1, threshold__lte=MAX_GROWTH),
                name="tier_must_be_earned",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Benefit(models.Model):
    """One thing a tier brings. The shop grants it; the engine shows it."""

    class Kind(models.TextChoices):
        TEXT = "text", "in words only"
        POINTS_MULTIPLIER = "points_multiplier", "more points"
        FREE_SHIPPING = "free_shipping", "free shipping"

    tier = models.ForeignKey(Tier, on_delete=models.CASCADE, related_name="benefits")
    kind = models.CharField(max_length=17, choices=Kind.choices, default=Kind.TEXT)
    text = models.CharField(max_length=100, help_text="As shoppers read it.")
    multiplier_bps = models.PositiveIntegerField(
        "points multiplier",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
        help_text="Only for more points, in basis points: 15000 is one and a half times.",
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tier", "kind"], condition=~Q(kind="text"), name="benefit_kind_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="points_multiplier", multiplier_bps__gt=0)
                | Q(~Q(kind="points_multiplier"), multiplier_bps=None),
                name="benefit_multiplies_only_points",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class GrowthEntry(models.Model):
    """Growth that came or was taken back. Never changes: a trigger refuses it.

    A take-back has a part for each entry it takes from (one of 0 when nothing was left) and each
    part counts exactly as long as the entry does.
    """

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "gro"))
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="growth_entries")
    key = models.CharField(max_length=200)
    part = models.PositiveSmallIntegerField(default=0)
    asked = models.BigIntegerField(help_text="What the key stands for, in all its parts.")
    amount = models.BigIntegerField()
    takes_from = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="taken_back"
    )
    reference = models.CharField(max_length=100, blank=True, help_text="What it is for.")
    occurred_at = models.DateTimeField()
    counts_until = models.DateTimeField()
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        verbose_name_plural = "growth entries"
        constraints = [
            models.UniqueConstraint(fields=["key", "part"], name="growth_key_once"),
            models.CheckConstraint(
                condition=Q(asked__gt=0, amount=F("asked"), takes_from=None, part=0)
                | Q(asked__lt=0, amount__lt=0, amount__gte=F("asked"), takes_from__isnull=False)
                | Q(asked__lt=0, amount=0, takes_from=None, part=0),
                name="growth_adds_or_takes_from_an_entry",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "counts_until"], name="growth_leaves"),
            models.Index(fields=["member", "reference"], name="growth_reference"),
        ]

    def __str__(self) -> str:
        return self.public_id


class MembershipQuerySet(models.QuerySet["Membership"]):
    def due(self) -> "MembershipQuerySet":
        return self.filter(due_at__lte=EngineNow())


class Membership(models.Model):
    """Where a member stands: the running growth and the tier. Its row lock guards both.

    `growth` is the sum of the member's entries that count beyond `counted_to`.
    """

    member = models.OneToOneField(Member, on_delete=models.PROTECT, related_name="membership")
    growth = models.BigIntegerField(default=0)
    counted_to = models.DateTimeField()
    tier = models.ForeignKey(Tier, null=True, on_delete=models.PROTECT, related_name="memberships")
    since = models.DateTimeField(null=True)
    period_start = models.DateTimeField(null=True)
    period_end = models.DateTimeField(null=True)
    grace_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(
        null=True, help_text="When growth leaves, the period or its grace ends, whatever is first."
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(growth__gte=0), name="growth_not_below_zero"),
            models.CheckConstraint(
                condition=Q(
                    tier=None, since=None, period_start=None, period_end=None, grace_until=None
                )
                | Q(
                    tier__isnull=False,
                    since__isnull=False,
                    period_start__isnull=False,
                    period_end__gt=F("period_start"),
                    due_at__isnull=False,
                ),
                name="membership_tier_has_a_period",
            ),
        ]
        indexes = [models.Index(fields=["due_at", "id"], name="membership_due")]

    def __str__(self) -> str:
        return f"Membership of {self.member_id}"


class TierChange(models.Model):
    """What happened to a member's tier: the history that shoppers and support read."""

    class Kind(models.TextChoices):
        REACHED = "reached"
        KEPT = "kept"
        LOWERED = "lowered"
        IMPORTED = "imported"

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="tier_changes")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    tier = models.ForeignKey(Tier, null=True, on_delete=models.PROTECT, related_name="+")
    period = models.CharField(max_length=10, blank=True, help_text="The day the period began.")
    period_end = models.DateTimeField(null=True)
    first = models.BooleanField(default=False, help_text="The member had never been here before.")
    import_key = models.CharField(max_length=200, blank=True)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "tier", "period"],
                condition=Q(kind="reached"),
                name="tier_reached_once_a_period",
            ),
            models.CheckConstraint(
                condition=Q(kind="lowered") | Q(tier__isnull=False), name="tier_change_names_a_tier"
            ),
            models.CheckConstraint(
                condition=Q(Q(kind="imported"), ~Q(import_key=""))
                | Q(~Q(kind="imported"), import_key=""),
                name="tier_import_has_a_key",
            ),
            models.UniqueConstraint(
                fields=["import_key"], condition=~Q(import_key=""), name="tier_imported_once"
            ),
        ]
        indexes = [models.Index(fields=["member", "id"], name="tier_change_of_member")]

    def __str__(self) -> str:
        return f"{self.kind} {self.tier or 'no tier'}"

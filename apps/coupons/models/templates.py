"""What operators set up: what a coupon is worth, for whom, when and how many."""

from functools import partial

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.coupons.rules import Kind, Stacking

MAX_MINOR = 10**15


class TemplateQuerySet(models.QuerySet["Template"]):
    def active(self) -> "TemplateQuerySet":
        return self.filter(status=Template.Status.ACTIVE)

    def issuing(self) -> "TemplateQuerySet":
        """Coupons of them can be had, also before their window: it has not ended."""
        return self.active().filter(Q(ends_at=None) | Q(ends_at__gt=EngineNow()))

    def running(self) -> "TemplateQuerySet":
        """Active and inside their window, by the database's clock."""
        return self.issuing().filter(Q(starts_at=None) | Q(starts_at__lte=EngineNow()))

    def claimable(self) -> "TemplateQuerySet":
        return self.issuing().filter(applies=Template.Applies.CLAIMED, is_public=True)


class Template(models.Model):
    """The terms of coupons. They are fixed once it is active: coupons are promises."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        STOPPED = "stopped"

    class Kinds(models.TextChoices):
        AMOUNT = Kind.AMOUNT, "An amount off"
        PERCENT = Kind.PERCENT, "A percentage off, up to a ceiling"
        STEPS = Kind.STEPS, "Full reduction: so much off from so much on"
        GIFT = Kind.GIFT, "A gift with the order"
        FREE_SHIPPING = Kind.FREE_SHIPPING, "Free shipping"

    class Applies(models.TextChoices):
        CLAIMED = "claimed", "To whoever has a coupon in hand"
        AUTOMATIC = "automatic", "By itself, to every basket inside its window"

    class CodeSource(models.TextChoices):
        MINTED = "minted", "Codes made here"
        POOL = "pool", "Codes imported from another system"

    class StackingRule(models.TextChoices):
        EXCLUSIVE = Stacking.EXCLUSIVE, "Alone: nothing else applies beside it"
        STACKS = Stacking.STACKS, "Together with others"
        GROUP = Stacking.GROUP, "Together with others, but only one of its group"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "tpl"))
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    is_test = models.BooleanField(default=False)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    applies = models.CharField(max_length=9, choices=Applies.choices, default=Applies.CLAIMED)
    partner = models.CharField(max_length=100, blank=True)

    kind = models.CharField(max_length=13, choices=Kinds.choices, default=Kinds.AMOUNT)
    currency = models.CharField(max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$")])
    face_minor = models.PositiveBigIntegerField(
        default=0, validators=[MaxValueValidator(MAX_MINOR)]
    )
    percent_bps = models.PositiveIntegerField(default=0, validators=[MaxValueValidator(10_000)])
    ceiling_minor = models.PositiveBigIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MAX_MINOR)]
    )
    repeats = models.BooleanField(default=False)
    gift = models.CharField(max_length=100, blank=True)

    min_basket_minor = models.PositiveBigIntegerField(
        default=0, validators=[MaxValueValidator(MAX_MINOR)]
    )
    skus = models.JSONField(default=list, blank=True)
    tags = models.JSONField(default=list, blank=True)
    not_skus = models.JSONField(default=list, blank=True)
    not_tags = models.JSONField(default=list, blank=True)
    stacking = models.CharField(
        max_length=9, choices=StackingRule.choices, default=StackingRule.EXCLUSIVE
    )
    stack_group = models.CharField(max_length=40, blank=True)
    priority = models.SmallIntegerField(default=0)

    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    valid_hours = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(24 * 3660)]
    )

    code_source = models.CharField(
        max_length=6, choices=CodeSource.choices, default=CodeSource.MINTED
    )
    is_public = models.BooleanField(default=False)
    issue_cap = models.PositiveIntegerField(null=True, blank=True)
    member_limit = models.PositiveSmallIntegerField(
        null=True, blank=True, default=1, validators=[MinValueValidator(1)]
    )
    guest_limit = models.PositiveIntegerField(default=1000)

    issued = models.PositiveIntegerField(default=0, help_text="Coupons that take a place.")
    guest_held = models.PositiveIntegerField(default=0, help_text="Held for guests right now.")
    created_at = models.DateTimeField(db_default=EngineNow())

    objects = TemplateQuerySet.as_manager()

    class Meta:
        verbose_name = "coupon template"
        constraints = [
            models.CheckConstraint(
                condition=Q(issue_cap=None) | Q(issued__lte=F("issue_cap")),
                name="template_issued_within_its_cap",
            ),
            models.CheckConstraint(
                condition=Q(guest_held__lte=F("guest_limit")),
                name="template_guests_within_their_limit",
            ),
            models.CheckConstraint(
                condition=Q(percent_bps__lte=10_000), name="template_percent_at_most_all"
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(starts_at__lt=F("ends_at")),
                name="template_ends_after_it_starts",
                violation_error_message="The window ends before it starts.",
            ),
            models.CheckConstraint(
                condition=Q(stacking="group") & ~Q(stack_group="")
                | ~Q(stacking="group") & Q(stack_group=""),
                name="template_group_exactly_when_grouped",
                violation_error_message="Name a group exactly when only one of a group may apply.",
            ),
            models.CheckConstraint(
                condition=Q(status="draft")
                | Q(kind__in=["amount", "free_shipping"], face_minor__gt=0)
                | Q(kind="percent", percent_bps__gt=0, ceiling_minor__gt=0)
                | Q(kind="gift") & ~Q(gift="")
                | Q(kind="steps"),
                name="template_is_worth_something",
            ),
            models.CheckConstraint(
                condition=Q(applies="claimed") | Q(code_source="minted", is_public=False, issued=0),
                name="template_automatic_has_no_coupons",
                violation_error_message="What applies by itself has no codes and no claims.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["is_test", "applies"],
                name="template_active",
                condition=Q(status="active"),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Step(models.Model):
    """One step of a full reduction: from this amount on, this much off."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="steps")
    from_minor = models.PositiveBigIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MAX_MINOR)]
    )
    off_minor = models.PositiveBigIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MAX_MINOR)]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["template", "from_minor"], name="step_once"),
            models.CheckConstraint(
                condition=Q(off_minor__gt=0, off_minor__lte=F("from_minor")),
                name="step_takes_off_at_most_its_start",
                violation_error_message="A step takes off at most what it begins with.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.off_minor} off from {self.from_minor}"

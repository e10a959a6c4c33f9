"""What the shop owes: money it pays out by statements, and gifts it fulfils.

The engine never moves money. It says what is due, and is told when it was paid.
"""

from functools import partial

from django.db import models
from django.db.models import F, Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.obligations.rules import Schedule


class PayoutPlan(models.Model):
    """When statements are made. One row for live members, one for test members."""

    is_test = models.BooleanField("test mode", default=False, unique=True)
    schedule = models.CharField(
        max_length=7,
        choices=[
            (Schedule.MONTHLY.value, "Every month"),
            (Schedule.DAILY.value, "Every day"),
            (Schedule.BY_HAND.value, "Only when an operator asks"),
        ],
        default=Schedule.MONTHLY.value,
    )
    day = models.PositiveSmallIntegerField(default=1, help_text="Of the month, 1 to 28.")
    time_zone = models.CharField(max_length=64, default="UTC")
    minimum_minor = models.PositiveBigIntegerField(
        default=1, help_text="In minor units of any currency; less waits for the next statement."
    )
    next_at = models.DateTimeField(null=True, help_text="When statements are made next.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(day__gte=1, day__lte=28), name="payout_day_is_in_every_month"
            ),
            models.CheckConstraint(
                condition=Q(schedule__in=[schedule.value for schedule in Schedule]),
                name="payout_schedule_is_known",
            ),
            models.CheckConstraint(
                condition=Q(minimum_minor__gte=1), name="payout_minimum_is_money"
            ),
        ]

    def __str__(self) -> str:
        return "Test members" if self.is_test else "Members"


class PayoutQuerySet(models.QuerySet["Payout"]):
    def requested(self) -> "PayoutQuerySet":
        return self.filter(status=Payout.Status.REQUESTED)

    def confirmed(self) -> "PayoutQuerySet":
        return self.filter(status=Payout.Status.CONFIRMED)


class Payout(models.Model):
    """A statement: what the shop pays one member in one currency. Its lines never change."""

    class Status(models.TextChoices):
        REQUESTED = "requested"
        CONFIRMED = "confirmed"
        FAILED = "failed"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "pay"))
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="payouts")
    currency = models.CharField(max_length=3)
    total_minor = models.PositiveBigIntegerField("total")
    period_from = models.DateTimeField(null=True, help_text="Empty on a member's first statement.")
    period_until = models.DateTimeField(help_text="What was due before this moment is in it.")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.REQUESTED)
    note = models.CharField(max_length=300, blank=True, help_text="What the shop says about it.")
    reference = models.CharField(
        max_length=100, blank=True, help_text="The shop's own number of the payment."
    )
    requested_at = models.DateTimeField(db_default=EngineNow())
    confirmed_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    objects = PayoutQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "currency"],
                condition=Q(status="requested"),
                name="one_open_payout_per_member",
            ),
            models.CheckConstraint(condition=Q(total_minor__gt=0), name="payout_pays_something"),
            models.CheckConstraint(
                condition=Q(status="requested", confirmed_at=None, failed_at=None)
                | Q(status="confirmed", confirmed_at__isnull=False, failed_at=None)
                | Q(status="failed", confirmed_at=None, failed_at__isnull=False),
                name="payout_resolved_when_it_says_so",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="payout_open", condition=Q(status="requested")),
        ]

    def __str__(self) -> str:
        return self.public_id


class PayableQuerySet(models.QuerySet["Payable"]):
    def unstated(self) -> "PayableQuerySet":
        """Due and in no statement yet."""
        return self.filter(status=Payable.Status.DUE, payout=None)


class Payable(models.Model):
    """Money the shop owes a member: pending until its hold is over, then due.

    `payout` is the statement that pays it, open or confirmed; one that failed lets go of it.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        DUE = "due"
        VOID = "void"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "pyb"))
    key = models.CharField(max_length=200, unique=True, help_text="What makes it happen once.")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="payables")
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField("amount")
    taken_back_minor = models.PositiveBigIntegerField("taken back", default=0)
    reference = models.CharField(max_length=200, blank=True, help_text="What it is for.")
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.PENDING)
    payout = models.ForeignKey(Payout, null=True, on_delete=models.PROTECT, related_name="payables")
    created_at = models.DateTimeField(db_default=EngineNow())
    due_at = models.DateTimeField(null=True)

    objects = PayableQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payable_is_money"),
            models.CheckConstraint(
                condition=Q(taken_back_minor__lte=F("amount_minor")),
                name="payable_gives_back_at_most_all",
            ),
            models.CheckConstraint(
                condition=Q(status="pending", due_at=None, payout=None)
                & Q(taken_back_minor__lt=F("amount_minor"))
                | Q(status="due", due_at__isnull=False)
                & (Q(payout__isnull=False) | Q(taken_back_minor__lt=F("amount_minor")))
                | Q(status="void", payout=None, taken_back_minor=F("amount_minor")),
                name="payable_status_fits_what_is_left",
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "currency"],
                name="payable_unstated",
                condition=Q(status="due", payout=None),
            ),
            models.Index(fields=["reference"], name="payable_reference"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def left_minor(self) -> int:
        return self.amount_minor - self.taken_back_minor


class TakeBack(models.Model):
    """Money of a payable that is not owed after all, once per cause."""

    payable = models.ForeignKey(Payable, on_delete=models.PROTECT, related_name="take_backs")
    cause = models.CharField(max_length=200)
    amount_minor = models.PositiveBigIntegerField("amount")
    is_owed = models.BooleanField(
        "owed", help_text="It stood in a statement already: the next one deducts it."
    )
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payable", "cause"], name="taken_back_once_per_cause"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="take_back_is_money"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} of {self.payable}"


class DeductionQuerySet(models.QuerySet["Deduction"]):
    def open(self) -> "DeductionQuerySet":
        return self.filter(payout=None, released_at=None)


class Deduction(models.Model):
    """What a member owes back after a statement: deducted from a later one, never split.

    Released when the statement it was owed for failed: nothing was paid then.
    """

    take_back = models.OneToOneField(TakeBack, on_delete=models.PROTECT, related_name="deduction")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField("amount")
    payout = models.ForeignKey(
        Payout, null=True, on_delete=models.PROTECT, related_name="deductions"
    )
    owed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    objects = DeductionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="deduction_is_money"),
            models.CheckConstraint(
                condition=Q(payout=None) | Q(released_at=None), name="deducted_or_released"
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "currency"],
                name="deduction_open",
                condition=Q(payout=None, released_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency}"


class PayoutLine(models.Model):
    """One line of a statement: a payable, or a deduction with a negative amount.

    `counts` ends when the statement fails; what it named may then stand in another one.
    """

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="lines")
    payable = models.ForeignKey(Payable, null=True, on_delete=models.PROTECT, related_name="lines")
    deduction = models.ForeignKey(
        Deduction, null=True, on_delete=models.PROTECT, related_name="lines"
    )
    amount_minor = models.BigIntegerField("amount")
    counts = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payable"], condition=Q(counts=True), name="payable_in_one_payout"
            ),
            models.UniqueConstraint(
                fields=["deduction"], condition=Q(counts=True), name="deduction_in_one_payout"
            ),
            models.CheckConstraint(
                condition=Q(payable__isnull=False, deduction=None, amount_minor__gt=0)
                | Q(payable=None, deduction__isnull=False, amount_minor__lt=0),
                name="payout_line_adds_or_deducts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} in {self.payout}"

    @property
    def named(self) -> Payable:
        """The payable this line pays, or the one that its deduction takes back."""
        if self.payable is not None:
            return self.payable
        assert self.deduction is not None, "a line adds or deducts"
        return self.deduction.take_back.payable


class FulfilmentQuerySet(models.QuerySet["Fulfilment"]):
    def promised(self) -> "FulfilmentQuerySet":
        return self.filter(status=Fulfilment.Status.PROMISED)

    def requested(self) -> "FulfilmentQuerySet":
        return self.filter(status=Fulfilment.Status.REQUESTED)

    def unconfirmed(self) -> "FulfilmentQuerySet":
        return self.filter(status__in=(Fulfilment.Status.PROMISED, Fulfilment.Status.REQUESTED))


class Fulfilment(models.Model):
    """A gift the shop hands over itself. It sees it once it is requested, and confirms it."""

    class Status(models.TextChoices):
        PROMISED = "promised"
        REQUESTED = "requested"
        CONFIRMED = "confirmed"
        CANCELLED = "cancelled"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "ful"))
    key = models.CharField(max_length=200, unique=True, help_text="What makes it happen once.")
    member = models.ForeignKey(
        "members.Member", on_delete=models.PROTECT, related_name="fulfilments"
    )
    gift = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField(default=1)
    reference = models.CharField(max_length=200, blank=True, help_text="What it is for.")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PROMISED)
    note = models.CharField(max_length=300, blank=True, help_text="What the shop says about it.")
    promised_at = models.DateTimeField(db_default=EngineNow())
    requested_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    objects = FulfilmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0) & ~Q(gift=""), name="fulfilment_gives_something"
            ),
            models.CheckConstraint(
                condition=Q(
                    status="promised", requested_at=None, confirmed_at=None, cancelled_at=None
                )
                | Q(
                    status="requested",
                    requested_at__isnull=False,
                    confirmed_at=None,
                    cancelled_at=None,
                )
                | Q(status="confirmed", confirmed_at__isnull=False, cancelled_at=None)
                | Q(status="cancelled", confirmed_at=None, cancelled_at__isnull=False),
                name="fulfilment_stamped_as_it_says",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="fulfilment_open", condition=Q(status="requested")),
            models.Index(fields=["reference"], name="fulfilment_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.gift} ({self.public_id})"

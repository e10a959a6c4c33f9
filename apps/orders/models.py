"""What the shop reports: paid orders, and what it refunded of them. All amounts in minor units."""

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from apps.core.clock import EngineNow
from apps.members.models import Member


class Order(models.Model):
    """A paid order. `nth` counts the member's paid orders and is never renumbered."""

    order_id = models.CharField(max_length=100, help_text="The shop's own id.")
    is_test = models.BooleanField(default=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="orders")
    nth = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$")])
    paid_minor = models.PositiveBigIntegerField()
    refunded_minor = models.PositiveBigIntegerField(default=0)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=EngineNow())
    fulfilled_at = models.DateTimeField(null=True)
    fingerprint = models.CharField(max_length=64, help_text="Of the report, to tell a repeat.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_test", "order_id"], name="order_reported_once"),
            models.UniqueConstraint(fields=["member", "nth"], name="order_nth_once"),
            models.CheckConstraint(
                condition=Q(refunded_minor__lte=F("paid_minor")), name="order_refunded_at_most_paid"
            ),
        ]

    def __str__(self) -> str:
        return self.order_id

    @property
    def kept_minor(self) -> int:
        return self.paid_minor - self.refunded_minor


class OrderLine(models.Model):
    """A line of an order: what was bought, for how much, and for which seat."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    line_id = models.CharField(max_length=100)
    sku = models.CharField(max_length=100)
    tags = models.JSONField(default=list)
    quantity = models.PositiveIntegerField()
    amount_minor = models.PositiveBigIntegerField(help_text="Paid for this line, after discounts.")
    refunded_minor = models.PositiveBigIntegerField(default=0)
    seat = models.CharField(max_length=32, blank=True, help_text="The seat it pays for.")
    margin_minor = models.BigIntegerField(
        null=True, help_text="What of the amount is left after the goods' cost, if the shop told."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "line_id"], name="line_once_per_order"),
            models.CheckConstraint(
                condition=Q(refunded_minor__lte=F("amount_minor")),
                name="line_refunded_at_most_paid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.line_id}"

    @property
    def kept_minor(self) -> int:
        return self.amount_minor - self.refunded_minor


class Refund(models.Model):
    """A refund as the shop reported it. Without an order yet it is a tombstone that waits for it."""

    order_id_reported = models.CharField(max_length=100)
    refund_id = models.CharField(max_length=140, help_text="The shop's own id.")
    is_test = models.BooleanField(default=False)
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="refunds")
    asked = models.JSONField(
        help_text="amount_minor and lines as reported; empty: all that is left."
    )
    applied_minor = models.PositiveBigIntegerField(default=0)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_test", "order_id_reported", "refund_id"], name="refund_reported_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["order_id_reported"], name="refund_tombstone", condition=Q(order=None)
            )
        ]

    def __str__(self) -> str:
        return self.refund_id


class MarginRate(models.Model):
    """What share of a price is margin, for lines of which the shop did not tell it. An operator's word.

    Reports use the rates as they are: changing one changes what was reckoned with it.
    """

    tag = models.CharField(
        max_length=60, unique=True, blank=True, help_text="Empty: whatever has no rate of its own."
    )
    rate_bps = models.PositiveIntegerField(
        validators=[MaxValueValidator(10_000)], help_text="In hundredths of a percent: 2500 = 25 %."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rate_bps__lte=10_000), name="margin_rate_is_a_share")
        ]

    def __str__(self) -> str:
        return self.tag or "Everything else"

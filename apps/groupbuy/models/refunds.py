"""What the shop owes: refund orders."""

import datetime as dt
from functools import partial

from django.db import models
from django.db.models import Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.groupbuy.models.rooms import Seat
from apps.orders.models import OrderLine


class RefundOrderQuerySet(models.QuerySet["RefundOrder"]):
    def outstanding(self) -> "RefundOrderQuerySet":
        """Neither confirmed nor covered by the shop's own refunds."""
        return self.filter(status__in=RefundOrder.OUTSTANDING)

    def parked(self) -> "RefundOrderQuerySet":
        """Asked for in vain so often that nobody is asked any more."""
        return self.filter(status=RefundOrder.Status.REQUESTED, parked_at__isnull=False)

    def due(self) -> "RefundOrderQuerySet":
        """To be asked for again now."""
        return self.filter(status=RefundOrder.Status.REQUESTED, ask_again_at__lte=EngineNow())


class RefundOrder(models.Model):
    """What the shop must pay back for one order line. One per line, ever, and it resolves once.

    It asks for `amount_minor`, which never grows: what the shop refunds by itself meanwhile moves to
    `reduced_minor`. Confirmed, `amount_minor` is what was paid back through it, 0 when the shop's own
    refunds left nothing of it.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested"
        CONFIRMED = "confirmed"
        FAILED = "failed"

    class Why(models.TextChoices):
        ROOM_FAILED = "room_failed"
        ROOM_CANCELLED = "room_cancelled"
        TOO_LATE = "too_late"
        ALREADY_PAID = "already_paid"
        NOT_NEW = "not_new"
        STEP_PRICE = "step_price"

    OUTSTANDING = (Status.REQUESTED, Status.FAILED)

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "rfo"))
    line = models.OneToOneField(OrderLine, on_delete=models.PROTECT, related_name="refund_order")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="refund_orders")
    amount_minor = models.PositiveBigIntegerField()
    reduced_minor = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="What the shop refunded by itself since it was asked."
    )
    currency = models.CharField(max_length=3)
    why = models.CharField(max_length=14, choices=Why.choices)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.REQUESTED)
    failure = models.CharField(
        max_length=300, blank=True, help_text="What the shop says went wrong."
    )
    asks = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="How often the shop was asked, in all."
    )
    reminders = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many of them in a row went unanswered."
    )
    ask_again_at = models.DateTimeField(null=True)
    parked_at = models.DateTimeField(null=True)
    requested_at = models.DateTimeField(db_default=EngineNow())
    resolved_at = models.DateTimeField(null=True)

    objects = RefundOrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) | Q(status="confirmed"),
                name="refund_order_of_nothing_is_resolved",
            ),
            models.CheckConstraint(
                condition=Q(status="requested", ask_again_at__isnull=False, parked_at=None)
                | Q(status="requested", ask_again_at=None, parked_at__isnull=False)
                | ~Q(status="requested") & Q(ask_again_at=None, parked_at=None),
                name="refund_order_asked_again_or_parked",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="refund_unresolved",
                condition=Q(status__in=["requested", "failed"]),
            ),
            models.Index(
                fields=["ask_again_at"],
                name="refund_ask_due",
                condition=Q(ask_again_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def asked_minor(self) -> int:
        """What was asked for in the beginning."""
        return self.amount_minor + self.reduced_minor

    def age(self, now: dt.datetime) -> dt.timedelta:
        """How long it has been outstanding at `now`, or was until it was resolved."""
        return max((self.resolved_at or now) - self.requested_at, dt.timedelta())

"""What the shop owes: refund orders."""

from functools import partial

from django.db import models
from django.db.models import Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.groupbuy.models.rooms import Seat
from apps.orders.models import OrderLine


class RefundOrder(models.Model):
    """What the shop must pay back for one order line. One per line, ever, and it resolves once."""

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

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "rfo"))
    line = models.OneToOneField(OrderLine, on_delete=models.PROTECT, related_name="refund_order")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="refund_orders")
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    why = models.CharField(max_length=14, choices=Why.choices)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.REQUESTED)
    failure = models.CharField(
        max_length=300, blank=True, help_text="What the shop says went wrong."
    )
    requested_at = models.DateTimeField(db_default=EngineNow())
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="refund_outstanding", condition=Q(status="requested"))
        ]

    def __str__(self) -> str:
        return self.public_id

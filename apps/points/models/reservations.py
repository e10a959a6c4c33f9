"""Points set aside for an order of the shop."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.points.models.ledger import Transfer


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def reserved(self) -> "ReservationQuerySet":
        return self.filter(status=Reservation.Status.RESERVED)

    def captured(self) -> "ReservationQuerySet":
        return self.filter(status=Reservation.Status.CAPTURED)

    def due(self) -> "ReservationQuerySet":
        return self.reserved().filter(expires_at__lte=EngineNow())

    def of_order(self, order_id: str, *, is_test: bool) -> "ReservationQuerySet":
        return self.filter(order_id=order_id, is_test=is_test)


class Reservation(models.Model):
    """Points that wait for an order: captured or released, once. Guarded by the accounts' lock."""

    class Status(models.TextChoices):
        RESERVED = "reserved", "Reserved"
        CAPTURED = "captured", "Captured"
        RELEASED = "released", "Released"

    class Cause(models.TextChoices):
        ASKED = "asked", "The shop let them go"
        ORDER = "order", "The order was not paid"
        TIMED_OUT = "timed_out", "Its time was up"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "rsv"))
    member = models.ForeignKey(
        "members.Member", on_delete=models.PROTECT, related_name="point_reservations"
    )
    transfer = models.OneToOneField(Transfer, on_delete=models.PROTECT, related_name="reservation")
    order_id = models.CharField(max_length=100, help_text="The shop's own id.")
    is_test = models.BooleanField(default=False)
    amount = models.BigIntegerField()
    returned = models.BigIntegerField(default=0, help_text="Given back after refunds.")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RESERVED)
    cause = models.CharField(
        max_length=9, choices=Cause.choices, blank=True, help_text="Why they were released."
    )
    reserved_at = models.DateTimeField(db_default=EngineNow())
    expires_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = "point reservation"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, returned=0)
                | Q(amount__gt=0, status="captured", returned__gt=0, returned__lte=F("amount")),
                name="reservation_returns_what_it_captured",
            ),
            models.CheckConstraint(
                condition=Q(status="reserved", resolved_at=None, cause="")
                | Q(status="captured", resolved_at__isnull=False, cause="")
                | Q(Q(status="released", resolved_at__isnull=False), ~Q(cause="")),
                name="reservation_resolved_with_its_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["order_id"], name="point_reservation_order"),
            models.Index(
                fields=["expires_at"], name="point_reservation_due", condition=Q(status="reserved")
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

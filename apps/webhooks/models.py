"""Where the shop listens, and each message on its way there."""

from functools import partial

from django.db import models
from django.db.models import Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def active(self) -> "EndpointQuerySet":
        return self.filter(is_active=True)

    def listening_to(self, kind: str, *, is_test: bool) -> "EndpointQuerySet":
        """The active endpoints of this mode that asked for `kind`, or for everything."""
        wanted = Q(kinds=[]) | Q(kinds__contains=[kind])
        return self.active().filter(wanted, is_test=is_test)

    def with_due_deliveries(self) -> "EndpointQuerySet":
        due = Delivery.objects.due().filter(endpoint=models.OuterRef("pk"))
        return self.active().filter(models.Exists(due))


class Endpoint(models.Model):
    """An address of the shop that wants to be told."""

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "whe"))
    url = models.CharField("address", max_length=500)
    description = models.CharField(max_length=200, blank=True)
    secret = models.CharField(max_length=80, help_text="Signs every message; kept in clear for it.")
    kinds = models.JSONField(
        default=list, blank=True, help_text='Kinds of events as a JSON list; "[]" means all.'
    )
    is_test = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=EngineNow())

    objects = EndpointQuerySet.as_manager()

    class Meta:
        verbose_name = "webhook endpoint"

    def __str__(self) -> str:
        return self.url


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def pending(self) -> "DeliveryQuerySet":
        return self.filter(status=Delivery.Status.PENDING)

    def leased(self) -> "DeliveryQuerySet":
        """Being posted by a sender right now, or by one that died less than a lease ago."""
        return self.pending().filter(leased_until__gt=EngineNow())

    def due(self) -> "DeliveryQuerySet":
        free = Q(leased_until=None) | Q(leased_until__lte=EngineNow())
        return self.pending().filter(free, due_at__lte=EngineNow())


class Delivery(models.Model):
    """One event on its way to one endpoint. `message_id` is the same in every attempt."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        PARKED = "parked"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "dlv"))
    message_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "msg"))
    # No index of its own: the three of this table that begin with it serve every question.
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    # Cascades: when the log forgets an event after its retention, so may the message.
    event = models.ForeignKey("core.Event", on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=EngineNow())
    leased_until = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    last_status_code = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=EngineNow())

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "event"], name="one_delivery_per_endpoint_and_event"
            ),
            models.CheckConstraint(
                condition=Q(status="delivered", delivered_at__isnull=False)
                | (~Q(status="delivered") & Q(delivered_at=None)),
                name="delivered_exactly_when_it_says_so",
            ),
        ]
        indexes = [
            # Each endpoint's queue: small however many messages were ever sent.
            models.Index(
                fields=["endpoint", "due_at"], name="delivery_due", condition=Q(status="pending")
            ),
            models.Index(fields=["endpoint", "id"], name="delivery_of_endpoint"),
        ]

    def __str__(self) -> str:
        return self.message_id

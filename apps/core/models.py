"""The event log and the replies kept for idempotent requests."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.clock import EngineNow


class EventQuerySet(models.QuerySet["Event"]):
    def pending(self) -> "EventQuerySet":
        return self.filter(status=Event.Status.PENDING)

    def due(self) -> "EventQuerySet":
        return self.pending().filter(due_at__lte=EngineNow())

    def parked(self) -> "EventQuerySet":
        return self.filter(status=Event.Status.PARKED)


class Event(models.Model):
    """Something that happened. The payload holds ids and numbers, never personal fields."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        PARKED = "parked"

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=60)
    payload = models.JSONField()
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=EngineNow())
    caused_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    hops = models.PositiveSmallIntegerField(default=0)
    is_test = models.BooleanField(default=False)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=EngineNow())
    processed_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            # The processor's queue: small however long the log grows.
            models.Index(fields=["due_at", "id"], name="event_due", condition=Q(status="pending")),
            models.Index(fields=["id"], name="event_parked", condition=Q(status="parked")),
            models.Index(fields=["kind", "id"], name="event_kind"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def is_internal(self) -> bool:
        """Between the engine's own parts; no shop is told."""
        return self.kind.startswith("engine.")


class IdempotentReply(models.Model):
    """The successful answer to a request that carried an Idempotency-Key."""

    credential = models.CharField(max_length=64)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the body, canonical JSON.")
    status_code = models.PositiveSmallIntegerField()
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        verbose_name_plural = "idempotent replies"
        constraints = [
            models.UniqueConstraint(
                F("credential"), F("method"), F("path"), F("key"), name="one_effect_per_key"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="reply_age")]

    def __str__(self) -> str:
        return self.key


class Proposal(models.Model):
    """Something one operator proposes and a second one decides. The database holds that they differ.

    Abstract. Whoever inherits says what it is about, and locks the row to decide it.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed"
        APPROVED = "approved"
        REJECTED = "rejected"

    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PROPOSED)
    reason = models.CharField(max_length=300)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField(db_default=EngineNow())
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                name="%(app_label)s_%(class)s_needs_two_operators",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", decided_by=None, decided_at=None)
                | Q(~Q(status="proposed"), decided_by__isnull=False, decided_at__isnull=False),
                name="%(app_label)s_%(class)s_decided_by_somebody",
            ),
        ]

"""Files an operator brings in over the admin, and the lines that were refused."""

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.campaigns.models import Campaign
from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.imports.rules import ImportKind


class Upload(models.Model):
    """A history file: looked at first, then brought in. Who did what stays; the file does not.

    Balances are money: the database holds that somebody else than who uploaded them brings them in.
    """

    class Status(models.TextChoices):
        WAITING = "waiting"
        CHECKING = "checking"
        CHECKED = "checked"
        RUNNING = "running"
        DONE = "done"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "upl"))
    kind = models.CharField(max_length=9, choices=[(k.value, k.value) for k in ImportKind])
    campaign = models.ForeignKey(
        Campaign, null=True, on_delete=models.PROTECT, related_name="+", help_text="Of referrers."
    )
    is_test = models.BooleanField(default=False)
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField(null=True, help_text="Forgotten once it is brought in.")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    applied = models.PositiveIntegerField(default=0)
    points = models.PositiveBigIntegerField(default=0, help_text="Of balances, in all.")
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True, help_text="What ended it early.")
    working_until = models.DateTimeField(null=True, help_text="Whoever works on it says so again.")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(db_default=EngineNow())
    brought_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "import"
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="balances")
                | Q(brought_by=None)
                | ~Q(brought_by=F("uploaded_by")),
                name="upload_of_balances_needs_two_operators",
            ),
            models.CheckConstraint(
                condition=Q(Q(kind="referrers"), campaign__isnull=False)
                | Q(~Q(kind="referrers"), campaign=None),
                name="upload_campaign_exactly_for_referrers",
            ),
        ]
        indexes = [
            models.Index(
                fields=["uploaded_at"], name="upload_kept", condition=Q(content__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.name


class RefusedLine(models.Model):
    """A line that the last look, or the import, refused."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="refused_lines")
    line = models.PositiveIntegerField()
    field = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Line {self.line}"

"""Reports shown to people without an account."""

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.campaigns.models import Campaign
from apps.core.clock import EngineNow
from apps.core.ids import new_id


class SharedReport(models.Model):
    """A link to a campaign's report for somebody without an account: it ends, and can be revoked.

    The link itself is not kept: it is the public id, signed with the engine's secret.
    """

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "shr"))
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="+")
    label = models.CharField("for whom", max_length=80)
    shows_money = models.BooleanField(
        default=False, help_text="Budget, rewards and costs are in it, too."
    )
    expires_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField(db_default=EngineNow())
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)
    last_opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="shared_report_revoked_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("made_at")), name="shared_report_expires_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.public_id})"

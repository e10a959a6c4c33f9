"""The chain from participants to those they brought, counted every few minutes."""

from django.db import models

from apps.campaigns.models import Campaign


class MatureChain(models.Model):
    """The steps of a campaign's mature participants, by an attribution window, at a moment.

    Each participant's own window cuts it, so days do not add up to it: it is counted anew instead,
    away from whoever reads.
    """

    campaign = models.OneToOneField(
        Campaign,
        on_delete=models.CASCADE,
        primary_key=True,
        db_constraint=False,
        related_name="+",
    )
    within = models.DurationField()
    steps = models.JSONField(help_text="Names and counts.")
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Chain of {self.campaign_id}"

"""What of a report is counted ahead of whoever reads it."""

from django.db import models

from apps.reports.models.rollups import of_campaign


class Ahead(models.Model):
    """Something of a campaign as it was counted last, away from whoever reads.

    Each participant's, or seed's, own window of the width `within` cuts the chain and what seeds
    brought, so days do not add up to them; a forecast is simulated. `took` says how long that was: what
    takes longer is counted less often.
    """

    class What(models.TextChoices):
        CHAIN = "chain"
        SEEDS = "seeds"
        FORECAST = "forecast"

    campaign = of_campaign()
    what = models.CharField(max_length=8, choices=What.choices)
    within = models.DurationField()
    counted = models.JSONField()
    took = models.DurationField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "what"], name="ahead_once")]

    def __str__(self) -> str:
        return f"{self.what} of {self.campaign_id}"

"""What does not add up by days, counted every few minutes."""

from django.db import models

from apps.reports.models.rollups import of_campaign


class Ahead(models.Model):
    """Something of a campaign as it was counted last, away from whoever reads.

    Each participant's, or seed's, own window of the width `within` cuts it, so days do not add up to
    it. `took` says how long that was: what takes longer is counted less often.
    """

    class What(models.TextChoices):
        CHAIN = "chain"
        SEEDS = "seeds"

    campaign = of_campaign()
    what = models.CharField(max_length=5, choices=What.choices)
    within = models.DurationField()
    counted = models.JSONField()
    took = models.DurationField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "what"], name="ahead_once")]

    def __str__(self) -> str:
        return f"{self.what} of {self.campaign_id}"

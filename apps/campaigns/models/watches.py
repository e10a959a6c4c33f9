"""When a campaign was last looked over."""

from django.db import models

from apps.campaigns.models.campaigns import Campaign


class Watch(models.Model):
    """That something looks a campaign over now and then, and when it did last.

    Campaigns do not know what is looked for: whoever looks stands above them.
    """

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="watch")
    looked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "watches"

    def __str__(self) -> str:
        return f"{self.campaign_id} at {self.looked_at}"

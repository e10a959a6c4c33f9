"""What was planned of a comparison of variants before it started."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from apps.campaigns.models.campaigns import Campaign, validate_positive
from apps.core.clock import EngineNow


class ExperimentPlan(models.Model):
    """The difference worth finding between variants, and the seeds each needs for it.

    The comparison is valid at every look because `seeds_per_arm` was fixed before the first: once
    the campaign is published and shown, a trigger refuses another.
    """

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="plan")
    baseline = models.FloatField(help_text="Conversions per seed without the change, as expected.")
    detectable = models.FloatField(help_text="The difference per seed that is worth finding.")
    seeds_per_day = models.FloatField(help_text="How many seeds join in a day, as expected.")
    window = models.DurationField(
        validators=[validate_positive], help_text="What counts of a seed's tree, from its joining."
    )
    seeds_per_arm = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    planned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    planned_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(baseline__gt=0, detectable__gt=0, seeds_per_day__gt=0)
                & Q(seeds_per_arm__gt=0),
                name="plan_has_something_to_find",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seeds_per_arm} seeds a variant of {self.campaign}"

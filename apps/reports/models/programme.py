"""The programme report, as it was computed on a night or when an operator asked."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.clock import EngineNow


class Programme(models.Model):
    """A programme report: asked for, taken on by a worker, computed. One at most waits at a time.

    `figures` is what `reports.programme.keeping` wrote. Whoever takes it on has an hour; then it
    is somebody else's.
    """

    asked_at = models.DateTimeField(db_default=EngineNow())
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Empty: it was its time.",
    )
    started_at = models.DateTimeField(null=True)
    computed_at = models.DateTimeField(null=True)
    figures = models.JSONField(null=True)
    error = models.CharField(max_length=300, blank=True, help_text="Of the last try.")

    class Meta:
        verbose_name = "programme report"
        constraints = [
            models.UniqueConstraint(
                fields=["computed_at"],
                condition=Q(computed_at=None),
                nulls_distinct=False,
                name="programme_waits_once",
            ),
            models.CheckConstraint(
                condition=Q(computed_at=None, figures=None)
                | Q(computed_at__isnull=False, figures__isnull=False),
                name="programme_computed_with_figures",
            ),
        ]

    def __str__(self) -> str:
        return f"Programme report of {self.computed_at or self.asked_at:%-d %B %Y}"

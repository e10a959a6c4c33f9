"""Points an operator gives or takes by hand."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from apps.core.ids import new_id
from apps.core.models import Proposal
from apps.points.models.ledger import Transfer


class Adjustment(Proposal):
    """At or below the programme's limit it is approved at once; above it another operator decides."""

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "adj"))
    member = models.ForeignKey(
        "members.Member", on_delete=models.PROTECT, related_name="point_adjustments"
    )
    amount = models.BigIntegerField(help_text="Above 0 it gives points, below it takes them.")
    within_limit = models.BooleanField(default=False, help_text="No second operator was needed.")

    class Meta:
        verbose_name = "point adjustment"
        # Instead of the two of `Proposal`: within the limit nobody has to decide.
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                name="points_adjustment_needs_two_operators",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", within_limit=False, decided_by=None, decided_at=None)
                | Q(
                    Q(within_limit=False, decided_by__isnull=False, decided_at__isnull=False),
                    ~Q(status="proposed"),
                )
                | Q(
                    within_limit=True,
                    status="approved",
                    decided_by=None,
                    decided_at__isnull=False,
                ),
                name="points_adjustment_decided_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="adjustment_moves_something"),
        ]
        indexes = [models.Index(fields=["member", "proposed_by"], name="adjustment_by_operator")]

    def __str__(self) -> str:
        return f"{self.amount:+,} points"

    @property
    def key(self) -> str:
        """The key of its transfers."""
        return f"adjust:{self.public_id}"

    def transfers(self) -> models.QuerySet[Transfer]:
        return Transfer.objects.filter(key__in=(self.key, f"{self.key}:debt"))

"""A campaign's money."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from apps.campaigns.models.campaigns import Campaign

# An operator is warned when this share of the budget is used.
WARN_AT_PERCENT = 80


class Budget(models.Model):
    """A campaign's money, in minor units. A row of its own, because it is locked last."""

    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, related_name="budget")
    amount_minor = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Empty: no limit."
    )
    reserved_minor = models.BigIntegerField(default=0)
    spent_minor = models.BigIntegerField(default=0)
    tail_bps = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(10_000)],
        help_text="A share kept back for those who already joined, in hundredths of a percent.",
    )
    partner = models.CharField(
        "paid by",
        max_length=100,
        blank=True,
        db_default="",
        help_text="A partner who pays for this, by the shop's own id: their statement shows it. "
        "Empty: the shop itself.",
    )
    warned_at = models.DateTimeField(null=True, blank=True)
    tail_reached_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reserved_minor__gte=0) & Q(spent_minor__gte=0),
                name="budget_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor=None)
                | Q(amount_minor__gte=F("reserved_minor") + F("spent_minor")),
                name="budget_not_overspent",
                violation_error_message="More than this is already reserved or spent.",
            ),
        ]

    def __str__(self) -> str:
        return f"Budget of {self.campaign}"

    @property
    def used_minor(self) -> int:
        return self.reserved_minor + self.spent_minor

    @property
    def is_warned(self) -> bool:
        """Whether so much is used that an operator should know."""
        if self.amount_minor is None:
            return False
        return self.used_minor * 100 >= self.amount_minor * WARN_AT_PERCENT

    @property
    def admits_newcomers(self) -> bool:
        """Whether more than the tail is left, so that somebody new may join."""
        if self.amount_minor is None:
            return True
        return self.used_minor < self.amount_minor - self.tail_minor

    @property
    def tail_minor(self) -> int:
        """What is kept back for those who already joined, rounded up."""
        return -(-(self.amount_minor or 0) * self.tail_bps // 10_000)

"""The rollups of money: what was sold in a campaign and what its rewards cost.

As the others they follow from copies of what was counted, and have no foreign keys in the database.
"""

from typing import Any

from django.db import models

from apps.reports.models.rollups import of_campaign


def _money() -> "models.DecimalField[Any, Any]":
    """Minor units. A share of a line is no whole number of them; of copies and sums alike six
    decimals are kept, so that taking out what was put in leaves nothing."""
    return models.DecimalField(max_digits=30, decimal_places=6)


class Sold(models.Model):
    """What a participant bought on a day, of one `source` of margins, as the rollups contain it.

    `age` is how many whole days after their confirmation it was (0 before that), null while they are
    not confirmed. `refunded` is what refunds took of the price; the rest is what they left.
    """

    campaign = of_campaign()
    participant_id = models.BigIntegerField()
    day = models.DateTimeField()
    age = models.PositiveIntegerField(null=True)
    source = models.CharField(max_length=7)
    revenue = _money()
    refunded = _money()
    margin = _money()
    discount = _money()

    class Meta:
        indexes = [models.Index(fields=["campaign", "participant_id"], name="sold_to_participant")]

    def __str__(self) -> str:
        return f"{self.revenue} of {self.participant_id}"


class Sale(models.Model):
    """What was sold on a day, by the buyers' variant and the source of the margin; `parts` rows of
    `Sold`. The margin is before the group discounts."""

    campaign = of_campaign()
    day = models.DateTimeField()
    variant = models.CharField(max_length=20)
    source = models.CharField(max_length=7)
    parts = models.PositiveIntegerField()
    revenue = _money()
    refunded = _money()
    margin = _money()
    discount = _money()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "day", "variant", "source"], name="sale_once"
            ),
            models.CheckConstraint(condition=models.Q(parts__gt=0), name="sale_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.revenue} on {self.day:%F}"


class Earning(models.Model):
    """What those confirmed on a `day` earned at an `age` in days: margin less group discounts."""

    campaign = of_campaign()
    day = models.DateTimeField()
    variant = models.CharField(max_length=20)
    age = models.PositiveIntegerField()
    parts = models.PositiveIntegerField()
    margin = _money()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "day", "variant", "age"], name="earning_once"
            ),
            models.CheckConstraint(condition=models.Q(parts__gt=0), name="earning_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.margin} at {self.age} days"


class GrantMark(models.Model):
    """A grant of which something changed, to be counted again. Never unique, as `Mark`."""

    campaign = of_campaign()
    grant_id = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["campaign", "id"], name="grant_mark_of_campaign")]

    def __str__(self) -> str:
        return f"Mark of grant {self.grant_id}"


class Given(models.Model):
    """A grant as the rollups contain it: what is `kept` of its amount, what it costs the budget,
    and what was taken back of it once settled (`clawed_back`) or before (`voided`)."""

    grant_id = models.BigIntegerField(primary_key=True)
    campaign = of_campaign(db_index=True)
    kind = models.CharField(max_length=8)
    status = models.CharField(max_length=11)
    granted_day = models.DateTimeField()
    settled_day = models.DateTimeField(null=True)
    kept = models.BigIntegerField()
    cost = models.BigIntegerField()
    clawed_back = models.BigIntegerField()
    voided = models.BigIntegerField()

    def __str__(self) -> str:
        return f"Grant {self.grant_id} as counted"


class Moment(models.TextChoices):
    GRANTED = "granted"
    SETTLED = "settled"


class Reward(models.Model):
    """Grants by the day they were made and, of those that were, by the day they were settled."""

    campaign = of_campaign()
    moment = models.CharField(max_length=7, choices=Moment.choices)
    day = models.DateTimeField()
    kind = models.CharField(max_length=8)
    status = models.CharField(max_length=11)
    grants = models.PositiveIntegerField()
    kept = models.BigIntegerField()
    cost = models.BigIntegerField()
    clawed_back = models.BigIntegerField()
    voided = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "moment", "day", "kind", "status"], name="reward_once"
            ),
            models.CheckConstraint(condition=models.Q(grants__gt=0), name="reward_of_a_grant"),
        ]

    def __str__(self) -> str:
        return f"{self.grants} {self.moment} on {self.day:%F}"

"""What a point is worth and how long it lives."""

import datetime as dt

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from apps.points.rules import DEFAULT_RESERVATION_TTL


class Programme(models.Model):
    """The terms of all points of one mode. Where there is no row, the defaults hold."""

    is_test = models.BooleanField(unique=True, default=False)
    currency = models.CharField(
        max_length=3, default="CNY", validators=[RegexValidator(r"^[A-Z]{3}$")]
    )
    worth_of_100_points_minor = models.PositiveIntegerField(
        default=100,
        validators=[MaxValueValidator(1_000_000)],
        help_text="What 100 points pay of an order, in minor units. 0: points pay nothing.",
    )
    max_share_bps = models.PositiveIntegerField(
        default=10_000,
        validators=[MaxValueValidator(10_000)],
        help_text="The largest part of an order that points may pay, in 1/10,000: 5000 is half.",
    )
    lifetime_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        default=None,
        validators=[MinValueValidator(1), MaxValueValidator(36_500)],
        help_text="How long settled points can be spent. Empty: for ever.",
    )
    notice_days = models.PositiveIntegerField(
        default=7,
        validators=[MaxValueValidator(365)],
        help_text="How long before they expire the shop is told. 0: never.",
    )
    reservation_ttl = models.DurationField(
        default=DEFAULT_RESERVATION_TTL,
        validators=[
            MinValueValidator(dt.timedelta(minutes=1)),
            MaxValueValidator(dt.timedelta(days=30)),
        ],
        help_text="How long points wait for an order's payment, where the shop names no time.",
    )
    adjustment_limit = models.PositiveIntegerField(
        default=1000,
        help_text="Points one operator may give or take a member within 24 hours alone. "
        "Above it a second operator decides.",
    )

    class Meta:
        verbose_name = "points programme"
        constraints = [
            models.CheckConstraint(
                condition=Q(max_share_bps__lte=10_000), name="points_pay_at_most_the_order"
            ),
            models.CheckConstraint(
                condition=Q(lifetime_days=None) | Q(lifetime_days__gt=0),
                name="points_live_a_day_or_longer",
            ),
        ]

    def __str__(self) -> str:
        return "Test points" if self.is_test else "Points"

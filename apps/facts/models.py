"""What members did beside orders, as the shop or a phone reports it."""

from functools import partial

from django.db import models
from django.db.models import Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.members.models import Member


class Fact(models.Model):
    """Something about a member that happened once: a check-in, a birthday, a review.

    `key` is the reporter's and makes it happen once. A member has one birthday a year.
    """

    class Kind(models.TextChoices):
        CHECKED_IN = "checked_in", "Checked in"
        BIRTHDAY = "birthday", "Birthday"
        REVIEWED = "reviewed", "Wrote a review"
        OTHER = "other", "Something else"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "fct"))
    key = models.CharField(max_length=120)
    is_test = models.BooleanField(default=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="facts")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    year = models.PositiveSmallIntegerField(null=True, help_text="Of a birthday.")
    properties = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=EngineNow())
    fingerprint = models.CharField(max_length=64, help_text="Of the report, to tell a repeat.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_test", "key"], name="fact_reported_once"),
            models.UniqueConstraint(
                fields=["member", "year"],
                name="one_birthday_a_year",
                condition=Q(year__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(kind="birthday", year__isnull=False)
                | Q(~Q(kind="birthday"), year__isnull=True),
                name="fact_year_of_birthdays",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

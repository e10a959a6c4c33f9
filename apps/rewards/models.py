"""Decisions as they were made, the grants that executed them, and what was taken back."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from apps.campaigns.models import Campaign, Version
from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.members.models import Member


class Decision(models.Model):
    """What was decided about a subject (a participant, an order, a room), with all its facts.

    A subject is decided again whenever its facts change; a row is kept when the outcome does.
    """

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "dec"))
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="decisions")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=160)
    facts = models.JSONField()
    awards = models.JSONField()
    refusals = models.JSONField()
    decided_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        indexes = [models.Index(fields=["campaign", "subject", "id"], name="decision_of_subject")]

    def __str__(self) -> str:
        return f"{self.public_id} on {self.subject}"


class Grant(models.Model):
    """Points promised to a member by a policy. It only ever shrinks.

    `cost_minor` is what it still costs the budget: reserved while pending, spent once settled.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        SETTLED = "settled"
        VOID = "void"
        CLAWED_BACK = "clawed_back"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "grt"))
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="grants")
    policy = models.CharField(max_length=32)
    subject = models.CharField(max_length=160)
    beneficiary = models.CharField(max_length=12)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="grants")
    points = models.PositiveBigIntegerField()
    taken_back = models.PositiveBigIntegerField(default=0)
    cost_minor = models.BigIntegerField()
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.PENDING)
    granted_at = models.DateTimeField(db_default=EngineNow())
    settle_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "subject", "member"], name="grant_once"),
            models.CheckConstraint(
                condition=Q(taken_back__lte=F("points")), name="grant_taken_back_at_most_given"
            ),
            models.CheckConstraint(condition=Q(cost_minor__gte=0), name="grant_cost_not_negative"),
        ]
        indexes = [
            models.Index(
                fields=["settle_at"], name="grant_to_settle", condition=Q(status="pending")
            ),
            models.Index(fields=["campaign", "subject"], name="grant_of_subject"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def left(self) -> int:
        return self.points - self.taken_back


class ClawBack(models.Model):
    """Points taken back from a grant because of one cause (an event's key). Once per cause."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="claw_backs")
    cause = models.CharField(max_length=200)
    points = models.PositiveBigIntegerField()
    owed = models.PositiveBigIntegerField(default=0, help_text="The part that became debt.")
    while_pending = models.BooleanField()
    taken_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "cause"], name="claw_back_once_per_cause")
        ]

    def __str__(self) -> str:
        return f"{self.points} of {self.grant_id}"


class CapCounter(models.Model):
    """How many grants of a policy were made in a scope: a member, a day, the campaign.

    Counted up by a conditional UPDATE. Taking a grant back does not count down: a cap is a limit on
    what may be earned, and buying and returning must not refill it.
    """

    policy = models.CharField(max_length=32)
    scope = models.CharField(max_length=40)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "scope"], name="cap_counter_once")]

    def __str__(self) -> str:
        return f"{self.policy} {self.scope}"

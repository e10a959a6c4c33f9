"""Decisions as they were made, the grants that executed them, and what was taken back."""

from functools import partial

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from apps.campaigns.models import Campaign, Version
from apps.campaigns.rules import AwardKind
from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.core.models import Proposal
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
    members = ArrayField(
        models.BigIntegerField(), default=list, help_text="Everybody it is about, to find it by."
    )
    awards = models.JSONField()
    refusals = models.JSONField()
    decided_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        indexes = [
            models.Index(fields=["campaign", "subject", "id"], name="decision_of_subject"),
            GinIndex(fields=["members"], name="decision_of_member"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} on {self.subject}"


class Goodwill(Proposal):
    """Grants by hand to a list of members: proposed by one operator, approved by another.

    Either of the two may be a server key instead (`proposed_with`, `decided_with`), but not one and
    the same. Once approved, a sweeper makes the grants, each in its own transaction, until those
    made and those refused are all.
    """

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "gdw"))
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="goodwills")
    kind = models.CharField(max_length=8, choices=[(k.value, k.value) for k in AwardKind])
    amount = models.PositiveBigIntegerField(help_text="For each member, in the units of its kind.")
    coupon_template = models.CharField(max_length=32, blank=True)
    gift = models.CharField(max_length=120, blank=True)
    unit_cost_minor = models.PositiveBigIntegerField(
        default=0, help_text="What each member's grant costs the budget, in minor units."
    )
    members = models.JSONField(help_text="The members' primary keys.")
    refusals = models.JSONField(default=dict, help_text="Reason by member, of those refused.")
    proposed_by = models.ForeignKey(  # type: ignore[assignment]  # a key may have, instead
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_with = models.CharField(max_length=64, blank=True, help_text="The server key.")
    decided_with = models.CharField(max_length=64, blank=True, help_text="The server key.")
    done_at = models.DateTimeField(null=True)

    class Meta(Proposal.Meta):
        verbose_name_plural = "goodwill"
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None)
                | Q(proposed_by=None)
                | ~Q(decided_by=F("proposed_by")),
                name="goodwill_needs_two_operators",
            ),
            models.CheckConstraint(
                condition=Q(decided_with="") | ~Q(decided_with=F("proposed_with")),
                name="goodwill_needs_two_keys",
            ),
            models.CheckConstraint(
                condition=(Q(proposed_with="") & Q(proposed_by__isnull=False))
                | (~Q(proposed_with="") & Q(proposed_by=None)),
                name="goodwill_proposed_by_one",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", decided_by=None, decided_with="", decided_at=None)
                | (
                    ~Q(status="proposed")
                    & Q(decided_at__isnull=False)
                    & (
                        Q(decided_by__isnull=False, decided_with="")
                        | Q(~Q(decided_with=""), decided_by=None)
                    )
                ),
                name="goodwill_decided_by_one",
            ),
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(status="approved"),
                name="goodwill_done_only_once_approved",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], name="goodwill_to_make", condition=Q(status="approved", done_at=None)
            ),
            models.Index(fields=["id"], name="goodwill_to_decide", condition=Q(status="proposed")),
        ]

    def __str__(self) -> str:
        return self.public_id


class Grant(models.Model):
    """What a policy, or an operator's goodwill, promised a member. It only ever shrinks.

    `amount` is in the units of `kind`. `cost_minor` is what it still costs the budget: reserved while
    pending or in review, spent once settled; freed with what is taken back, but not with what is
    lost. Without `settle_at` a pending one waits for fulfilment.
    """

    class Status(models.TextChoices):
        REVIEW = "review"
        PENDING = "pending"
        SETTLED = "settled"
        VOID = "void"
        CLAWED_BACK = "clawed_back"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "grt"))
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="grants")
    policy = models.CharField(max_length=32)
    subject = models.CharField(max_length=160)
    beneficiary = models.CharField(max_length=16)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="grants")
    kind = models.CharField(
        max_length=8,
        choices=[(k.value, k.value) for k in AwardKind],
        default=AwardKind.POINTS.value,
    )
    amount = models.PositiveBigIntegerField()
    taken_back = models.PositiveBigIntegerField(default=0)
    lost = models.PositiveBigIntegerField(
        default=0, help_text="Of what was taken back, the part that was used up already."
    )
    full_cost_minor = models.BigIntegerField(help_text="What it cost the budget when it was made.")
    cost_minor = models.BigIntegerField(help_text="What it costs the budget now.")
    what = models.CharField(
        max_length=120, blank=True, help_text="The coupon template, or the gift."
    )
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.PENDING)
    goodwill = models.ForeignKey(
        Goodwill, null=True, on_delete=models.PROTECT, related_name="grants"
    )
    granted_at = models.DateTimeField(db_default=EngineNow())
    settle_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "subject", "member"], name="grant_once"),
            models.CheckConstraint(
                condition=Q(taken_back__lte=F("amount")), name="grant_taken_back_at_most_given"
            ),
            models.CheckConstraint(
                condition=Q(cost_minor__gte=0, cost_minor__lte=F("full_cost_minor")),
                name="grant_costs_at_most_its_full_cost",
            ),
            models.CheckConstraint(
                condition=Q(lost__lte=F("taken_back")), name="grant_lost_of_what_was_taken_back"
            ),
        ]
        indexes = [
            models.Index(
                fields=["settle_at"],
                name="grant_to_settle",
                condition=Q(status="pending", settle_at__isnull=False),
            ),
            models.Index(fields=["campaign", "subject"], name="grant_of_subject"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def left(self) -> int:
        return self.amount - self.taken_back


class ClawBack(models.Model):
    """What was taken back from a grant because of one cause (an event's key). Once per cause."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="claw_backs")
    cause = models.CharField(max_length=200)
    amount = models.PositiveBigIntegerField()
    owed = models.PositiveBigIntegerField(default=0, help_text="The part that became debt.")
    lost = models.PositiveBigIntegerField(
        default=0, help_text="The part that was used up already: a coupon redeemed, a gift sent."
    )
    while_pending = models.BooleanField()
    taken_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "cause"], name="claw_back_once_per_cause"),
            models.CheckConstraint(
                condition=Q(amount__gte=F("owed") + F("lost")), name="claw_back_adds_up"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.grant_id}"


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

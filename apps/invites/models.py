"""Links, visits, touches and the forest of participants."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from apps.campaigns.models import Campaign, Version
from apps.core.clock import EngineNow
from apps.core.ids import new_code, new_id
from apps.invites.rules import Source
from apps.members.models import Member
from apps.orders.models import Order


class Participant(models.Model):
    """A member in a campaign. `referrer` is who brought them; a seed has none.

    The rows of a campaign are a forest. Besides the constraints below, migrations add a composite
    foreign key (campaign, referrer) → (campaign, id) and a trigger on changes of `referrer`.
    `root` is null for a seed, which is its own root.
    """

    class Status(models.TextChoices):
        PROVISIONAL = "provisional"
        CONFIRMED = "confirmed"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "par"))
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="participants")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="participations")
    referrer = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="referees", db_constraint=False
    )
    root = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    generation = models.PositiveIntegerField(default=0)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.PROVISIONAL)
    joined_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    qualifies_at = models.DateTimeField(
        null=True, help_text="When the order that may confirm them counts as kept."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "member"], name="participant_once"),
            models.UniqueConstraint(fields=["campaign", "id"], name="participant_campaign_id"),
            models.CheckConstraint(
                condition=Q(referrer=None) | ~Q(referrer=F("id")),
                name="participant_not_own_referrer",
            ),
            models.CheckConstraint(
                condition=Q(referrer=None, root=None, generation=0)
                | Q(referrer__isnull=False, root__isnull=False, generation__gt=0),
                name="participant_seed_or_brought",
            ),
            models.CheckConstraint(
                condition=Q(status="provisional", confirmed_at=None)
                | Q(status="confirmed", confirmed_at__isnull=False),
                name="participant_confirmed_at",
            ),
        ]
        indexes = [
            models.Index(
                fields=["qualifies_at"],
                name="participant_qualifies",
                condition=Q(status="provisional", qualifies_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Link(models.Model):
    """A participant's share link, to the campaign or to one `room` (its public id)."""

    code = models.CharField(max_length=32, unique=True, default=new_code)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="links")
    room = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(db_default=EngineNow())
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "room"], name="link_once_per_target")
        ]

    def __str__(self) -> str:
        return self.code


class Visit(models.Model):
    """A link was opened. What bots and previews opened is kept apart and counts nowhere."""

    class Skipped(models.TextChoices):
        COUNTED = "", "counted"
        BOT = "bot"
        PREFETCH = "prefetch"
        HEAD = "head"

    click_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "vis"))
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="visits")
    channel = models.CharField(max_length=32, blank=True)
    skipped = models.CharField(max_length=8, choices=Skipped.choices, blank=True)
    opened_at = models.DateTimeField(db_default=EngineNow())

    def __str__(self) -> str:
        return self.click_id


class Touch(models.Model):
    """Something that connects a member with whoever may have brought them."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="touches")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="touches")
    source = models.CharField(max_length=8, choices=[(s, s) for s in Source])
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="touches")
    visit = models.ForeignKey(Visit, null=True, on_delete=models.PROTECT, related_name="touches")
    touched_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        verbose_name_plural = "touches"
        constraints = [
            models.UniqueConstraint(fields=["member", "visit"], name="touch_once_per_visit"),
        ]
        indexes = [models.Index(fields=["campaign", "member"], name="touch_of_member")]

    def __str__(self) -> str:
        return f"{self.source} by {self.member_id}"


class Trace(models.Model):
    """One decision about a participant's referrer: all touches, the winner, why the others lost."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="traces")
    decided_at = models.DateTimeField()
    referrer = models.ForeignKey(Participant, null=True, on_delete=models.PROTECT, related_name="+")
    candidates = models.JSONField()

    def __str__(self) -> str:
        return f"Trace of {self.participant_id}"


class CampaignOrder(models.Model):
    """An order that counts in a campaign, fixed when the order was reported."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="orders")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="campaigns")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="orders")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "campaign"], name="order_once_per_campaign")
        ]

    def __str__(self) -> str:
        return f"{self.order_id} in {self.campaign_id}"

"""Visits, touches and the forest of participants."""

import datetime as dt
from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import TruncHour

from apps.campaigns.models import Campaign, Version
from apps.campaigns.rules import Trigger
from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.coupons.models import Batch, Coupon, Template
from apps.invites.models.links import Link
from apps.invites.rules import Source
from apps.members.models import Member
from apps.orders.models import Order

ACTS = (
    Trigger.FRIEND_BOUGHT,
    Trigger.FRIEND_CONFIRMED,
    Trigger.TIER_REACHED,
    Trigger.CHECKED_IN,
    Trigger.BIRTHDAY,
)


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
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="referees",
        db_constraint=False,
        db_index=False,  # participant_friends is its index
    )
    link = models.ForeignKey(
        "invites.Link",
        null=True,
        on_delete=models.PROTECT,
        related_name="brought",
        db_index=False,  # participant_by_link is its index
        help_text="The referrer's link that brought them, where one did.",
    )
    root = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    generation = models.PositiveIntegerField(default=0)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    variant = models.CharField(
        max_length=20, blank=True, help_text="The seed's draw, inherited by the whole tree."
    )
    crossed = models.BooleanField(
        default=False, help_text="Drew another variant before a link brought them into this tree."
    )
    circumstances = models.JSONField(
        default=dict, help_text="Tier, audiences, channel and newness when they joined."
    )
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
            models.Index(
                fields=["referrer", "id"],
                name="participant_friends",
                condition=Q(referrer__isnull=False),
            ),
            models.Index(
                fields=["link"], name="participant_by_link", condition=Q(link__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Visit(models.Model):
    """A link was opened. What is `skipped` is kept apart and counts nowhere.

    A repeat, by the same `visitor` within the hour, is no second visit, but it still binds whoever
    brings its token. `visitor` is a hash under the salt of the day; empty when nobody could be told.
    """

    class Skipped(models.TextChoices):
        COUNTED = "", "yes"
        BOT = "bot", "no: a bot"
        PREVIEW = "preview", "no: a card drawn of it"
        PREFETCH = "prefetch", "no: looked ahead"
        HEAD = "head", "no: only the head"
        REPEAT = "repeat", "no: again within the hour"

    class Device(models.TextChoices):
        PHONE = "phone"
        TABLET = "tablet"
        DESKTOP = "desktop"
        MINI_PROGRAM = "mini_program"
        APP = "app"

    click_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "vis"))
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="visits")
    channel = models.CharField(max_length=32, blank=True)
    device = models.CharField(max_length=12, choices=Device.choices, blank=True, db_default="")
    visitor = models.CharField(max_length=22, blank=True, db_default="")
    skipped = models.CharField("counted", max_length=8, choices=Skipped.choices, blank=True)
    opened_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            # Where two of the same visitor arrive at once; further apart, the statement looks.
            models.UniqueConstraint(
                F("link"),
                F("visitor"),
                TruncHour("opened_at", tzinfo=dt.UTC),
                name="visitor_counted_once_an_hour",
                condition=Q(skipped="") & ~Q(visitor=""),
            ),
        ]

    def __str__(self) -> str:
        return self.click_id


class Salt(models.Model):
    """What the visitors of one day (UTC) are hashed with. It is deleted when the day is over."""

    day = models.DateField(primary_key=True)
    value = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"The salt of {self.day}"


class Touch(models.Model):
    """Something that connects a member with whoever may have brought them."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="touches")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="touches")
    source = models.CharField(max_length=8, choices=[(s, s) for s in Source])
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="touches")
    visit = models.ForeignKey(Visit, null=True, on_delete=models.PROTECT, related_name="touches")
    coupon = models.ForeignKey(
        Coupon,
        null=True,
        on_delete=models.PROTECT,
        related_name="touches",
        db_index=False,  # touch_once_per_coupon is its index
    )
    touched_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        verbose_name_plural = "touches"
        constraints = [
            models.UniqueConstraint(fields=["member", "visit"], name="touch_once_per_visit"),
            models.UniqueConstraint(
                fields=["coupon", "member"],
                condition=Q(coupon__isnull=False),
                name="touch_once_per_coupon",
            ),
        ]
        indexes = [models.Index(fields=["campaign", "member"], name="touch_of_member")]

    def __str__(self) -> str:
        return f"{self.source} by {self.member_id}"


class Draw(models.Model):
    """A visitor's draw of a campaign's variant, before anybody brought them anywhere. It stands.

    A visitor is the hash of what the shop calls them, or of nothing anybody knows; a member who told
    us a draw is one of their own, by public id, with the variant of the first draw they told.
    """

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "drw"))
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="draws")
    visitor = models.CharField(max_length=64)
    variant = models.CharField(max_length=20)
    drawn_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "visitor"], name="draw_once_per_visitor")
        ]

    def __str__(self) -> str:
        return self.public_id


class Trace(models.Model):
    """One decision about a participant's referrer: all touches, the winner, why the others lost."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="traces")
    decided_at = models.DateTimeField()
    referrer = models.ForeignKey(Participant, null=True, on_delete=models.PROTECT, related_name="+")
    candidates = models.JSONField()

    def __str__(self) -> str:
        return f"Decided on {self.decided_at:%d %B %Y, %H:%M} UTC"


class CampaignOrder(models.Model):
    """An order that counts in a campaign, fixed when the order was reported."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="orders")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="campaigns")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="orders")
    circumstances = models.JSONField(
        default=dict, help_text="The buyer's tier, audiences, channel and newness at the order."
    )
    outranked = models.JSONField(
        default=list, help_text="Campaigns of the same exclusive group that lost the order."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "campaign"], name="order_once_per_campaign")
        ]

    def __str__(self) -> str:
        return f"{self.order_id} in {self.campaign_id}"


class Act(models.Model):
    """Something a participant did, or that happened to them, that a campaign may reward.

    Fixed when it was recorded. Of acts that count friends (`friend_bought`, `friend_confirmed`) the
    participant is the referrer, `referee` the friend, and `nth` the friend's number.
    """

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "act"))
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="acts")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="acts")
    kind = models.CharField(max_length=20, choices=[(t.value, t.replace("_", " ")) for t in ACTS])
    key = models.CharField(max_length=200, help_text="What makes it count once in the campaign.")
    nth = models.PositiveIntegerField(null=True)
    referee = models.ForeignKey(
        Participant, null=True, on_delete=models.PROTECT, related_name="counted_as"
    )
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="acts")
    circumstances = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "key"], name="act_once_per_campaign"),
            models.UniqueConstraint(
                fields=["participant", "kind", "nth"], name="friend_number_once"
            ),
            models.UniqueConstraint(fields=["referee", "kind"], name="friend_counted_once"),
            models.CheckConstraint(
                condition=Q(nth=None, referee=None) | Q(nth__gt=0, referee__isnull=False),
                name="act_counts_a_friend_or_nobody",
            ),
        ]
        indexes = [models.Index(fields=["order"], name="act_of_order")]

    def __str__(self) -> str:
        return self.public_id


class CouponLink(models.Model):
    """Coupons that bring people: whoever takes one was brought by whose link it is.

    Either all coupons of a template, or those of one batch. Coupons themselves know nothing of it.
    """

    link = models.ForeignKey("invites.Link", on_delete=models.PROTECT, related_name="coupons")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="coupon_links")
    template = models.ForeignKey(
        Template, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    batch = models.ForeignKey(
        Batch, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(template=None, batch__isnull=False)
                | Q(template__isnull=False, batch=None),
                name="coupon_link_of_a_template_or_a_batch",
            ),
            models.UniqueConstraint(
                fields=["campaign", "template"], name="coupon_link_once_per_template"
            ),
            models.UniqueConstraint(
                fields=["campaign", "batch"], name="coupon_link_once_per_batch"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template or self.batch} → {self.link}"


class Override(models.Model):
    """An operator decided who brought a participant, or that nobody did. It fixes the referrer."""

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "ovr"))
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="overrides")
    before = models.ForeignKey(
        Participant,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The referrer.",
    )
    referrer = models.ForeignKey(Participant, null=True, on_delete=models.PROTECT, related_name="+")
    trace = models.OneToOneField(Trace, on_delete=models.PROTECT, related_name="override")
    reason = models.CharField(max_length=300)
    overridden_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    overridden_with = models.CharField(max_length=64, blank=True, help_text="The server key.")
    overridden_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(overridden_by=None) & ~Q(overridden_with="")
                | Q(overridden_by__isnull=False, overridden_with=""),
                name="override_by_an_operator_or_a_key",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="override_has_a_reason"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Share(models.Model):
    """Somebody was about to share their link. Whether they did, no phone tells."""

    link = models.ForeignKey("invites.Link", on_delete=models.PROTECT, related_name="shares")
    channel = models.CharField(max_length=32, blank=True)
    shared_at = models.DateTimeField(db_default=EngineNow())

    def __str__(self) -> str:
        return f"{self.link_id} by {self.channel or 'no channel'}"

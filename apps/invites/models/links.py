"""Links to share, and where a campaign's links lead."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from apps.campaigns.models import Campaign
from apps.core.clock import EngineNow
from apps.core.ids import new_code
from apps.invites.rules import Afterwards, LinkKind, Platform, address_problem, line_problem

LINK_KINDS = {
    LinkKind.MEMBER: "a member's own",
    LinkKind.OFFER: "an offer",
    LinkKind.STORE: "a store",
    LinkKind.LIVE: "a live stream",
    LinkKind.COMMUNITY: "a community",
    LinkKind.ASSISTANT: "a shop assistant",
    LinkKind.PARTNER: "a partner",
}
AFTERWARDS = {
    Afterwards.PAGE: "a page that says so",
    Afterwards.CAMPAIGN: "the campaign, with nobody who invites",
    Afterwards.SHOP: "the shop, at once",
}
PLATFORMS = {
    Platform.WECHAT: "inside WeChat",
    Platform.IOS: "iPhone or iPad",
    Platform.ANDROID: "Android or HarmonyOS",
    Platform.DESKTOP: "anything else",
}


def validate_line(text: str) -> None:
    if problem := line_problem(text):
        raise ValidationError(problem)


class Link(models.Model):
    """A participant's share link, to the campaign or to one `room` (its public id).

    Members ask for their own: one per participant, room and channel (`is_default`). The shop and
    operators make more, each with its own terms and figures.
    """

    code = models.CharField(max_length=32, unique=True, default=new_code)
    participant = models.ForeignKey(
        "invites.Participant", on_delete=models.PROTECT, related_name="links"
    )
    room = models.CharField(max_length=32, blank=True)
    is_default = models.BooleanField(
        default=False, db_default=True, help_text="The one this member asks for by themselves."
    )
    kind = models.CharField(
        max_length=10,
        choices=[(kind.value, LINK_KINDS[kind]) for kind in LinkKind],
        default=LinkKind.MEMBER.value,
        db_default=LinkKind.MEMBER.value,
    )
    reference = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        validators=[validate_line],
        help_text="Your own name or number of the store, stream, community, assistant or offer.",
    )
    channel = models.CharField(
        max_length=32,
        blank=True,
        db_default="",
        validators=[validate_line],
        help_text="The channel of its visits, where the address names no other.",
    )
    label = models.CharField(
        max_length=80,
        blank=True,
        db_default="",
        validators=[validate_line],
        help_text="What you call it. Shoppers do not see it.",
    )
    starts_at = models.DateTimeField(null=True, blank=True, help_text="Empty: from now on.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: with the campaign.")
    max_opens = models.PositiveIntegerField(
        null=True, blank=True, help_text="Counted visits it opens for. Empty: any number."
    )
    afterwards = models.CharField(
        max_length=8,
        choices=[(end.value, AFTERWARDS[end]) for end in Afterwards],
        default=Afterwards.PAGE.value,
        db_default=Afterwards.PAGE.value,
        help_text="What whoever opens it later gets, while the campaign goes on.",
    )
    created_at = models.DateTimeField(db_default=EngineNow())
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "room", "channel"],
                condition=Q(is_default=True),
                name="link_own_once_per_channel",
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(starts_at=None) | Q(expires_at__gt=F("starts_at")),
                name="link_expires_after_start",
                violation_error_message="The link must expire after it starts.",
            ),
            models.CheckConstraint(
                condition=Q(max_opens=None) | Q(max_opens__gt=0),
                name="link_opens_once_at_least",
                violation_error_message="A link opens once at least.",
            ),
            models.CheckConstraint(
                condition=Q(is_default=False)
                | Q(kind="member", expires_at=None, starts_at=None, max_opens=None),
                name="link_default_has_no_terms",
            ),
        ]
        indexes = [
            # Few beside the members' own: what a shop looks for by what it is of.
            models.Index(
                fields=["kind", "reference"], name="link_made", condition=Q(is_default=False)
            ),
            models.Index(fields=["room"], name="link_of_room", condition=~Q(room="")),
            models.Index(fields=["channel"], name="link_of_channel", condition=~Q(channel="")),
        ]

    def __str__(self) -> str:
        return self.code


class Landing(models.Model):
    """How a campaign's links look and where they lead: its pictures, and a target for each platform.

    The pictures were uploaded, drawn anew and kept here: no page ever fetches an address for them.
    """

    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, related_name="landing")
    logo = models.BinaryField(null=True, blank=True, help_text="PNG, in the middle of QR codes.")
    picture = models.BinaryField(null=True, blank=True, help_text="JPEG, on posters and cards.")
    updated_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        verbose_name = "landing"

    def __str__(self) -> str:
        return f"Links of {self.campaign}"


class Target(models.Model):
    """Where a campaign's links lead on one platform: the operator's list, never a request's."""

    landing = models.ForeignKey(Landing, on_delete=models.CASCADE, related_name="targets")
    platform = models.CharField(
        max_length=8, choices=[(platform.value, PLATFORMS[platform]) for platform in Platform]
    )
    address = models.CharField(
        max_length=500,
        help_text="https:// or an app's scheme. {visit}, {code} and {query} are filled in.",
    )
    store_address = models.CharField(
        max_length=500,
        blank=True,
        help_text="Where those get the app who have not got it; {query} lets it remember the link.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["landing", "platform"],
                name="target_once_per_platform",
                violation_error_message="There is one target for each platform.",
            )
        ]

    def __str__(self) -> str:
        return str(self.get_platform_display())

    def clean(self) -> None:
        """Refuse addresses that may not be targets, each at its field."""
        schemes = frozenset(settings.APP_SCHEMES)
        problems = {
            field: problem
            for field in ("address", "store_address")
            if (text := getattr(self, field)) and (problem := address_problem(text, schemes))
        }
        if problems:
            raise ValidationError(problems)

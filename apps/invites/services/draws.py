"""Drawing a campaign's variant for visitors whom nobody brought. The first draw stands."""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from apps.campaigns.models import Campaign
from apps.campaigns.rules import draw_variant
from apps.campaigns.selectors import is_holdout, is_shown, partners_among, variants_of
from apps.campaigns.services import CampaignNotRunning
from apps.core.transactions import in_transaction
from apps.invites.models import Draw
from apps.invites.selectors import DrawTokenInvalid, draw_by_token, participant_of
from apps.members.models import Member


@dataclass(frozen=True)
class Shown:
    """The variant to show somebody, and the draw to keep it by; none where nothing needs keeping."""

    variant: str
    is_holdout: bool
    draw: Draw | None


@in_transaction
def variant_draw(
    *,
    campaign: Campaign,
    now: dt.datetime,
    visitor: str = "",
    token: str = "",
    member_id: int | None = None,
) -> Shown:
    """Which variant to show: a participant their tree's, a partner none, anybody else their first
    draw.

    The first draw is the one of `token`, else the one of `visitor`, whatever the shop calls them by;
    without either it is a new one. A member keeps the first that they told us. Raises
    CampaignNotRunning when nobody may join, DrawTokenInvalid. Locks nothing.
    """
    if not is_shown(campaign, now):
        raise CampaignNotRunning()
    assert campaign.published_version is not None  # a shown campaign has a version
    told = draw_by_token(token) if token else None
    if told is not None and told.campaign_id != campaign.pk:
        raise DrawTokenInvalid(pointer="/draw_token")
    participant = participant_of(campaign, member_id) if member_id is not None else None
    if participant is not None:
        nothing_due = is_holdout(participant.version, participant.variant)
        return Shown(participant.variant, nothing_due, None)
    if not variants_of(campaign.published_version):
        return Shown("", False, None)
    if member_id is not None and partners_among([member_id]):
        return Shown("", False, None)
    if member_id is not None:
        if told is not None:
            draw_tell(draw=told, member_id=member_id)
        draw = _kept(campaign, Member.objects.get(pk=member_id).public_id)
    else:
        draw = _kept(campaign, told.visitor if told else _visitor(campaign, visitor))
    return Shown(draw.variant, is_holdout(campaign.published_version, draw.variant), draw)


@in_transaction
def draw_tell(*, draw: Draw, member_id: int) -> None:
    """Keep that a member saw this draw's variant; the first they tell of a campaign stands.

    Raises DrawTokenInvalid for a member of the other mode. Locks nothing.
    """
    in_mode = Member.objects.filter(pk=member_id, is_test=draw.campaign.is_test)
    name = in_mode.values_list("public_id", flat=True).first()
    if name is None:
        raise DrawTokenInvalid(pointer="/draw_token")
    told = Draw(campaign=draw.campaign, visitor=name, variant=draw.variant)
    Draw.objects.bulk_create([told], ignore_conflicts=True)


def _visitor(campaign: Campaign, called: str) -> str:
    """What a visitor is kept as: a hash, for what the shop calls them may be personal."""
    seed = called.encode() if called else secrets.token_bytes(32)
    return hashlib.sha256(campaign.public_id.encode() + b"\0" + seed).hexdigest()


def _kept(campaign: Campaign, visitor: str) -> Draw:
    """The visitor's draw; drawn anew when the campaign's version no longer has its variant."""
    assert campaign.published_version is not None
    variants = variants_of(campaign.published_version)
    drawn = draw_variant(campaign.public_id, visitor, variants)
    Draw.objects.bulk_create(
        [Draw(campaign=campaign, visitor=visitor, variant=drawn)], ignore_conflicts=True
    )
    stands = Draw.objects.filter(campaign=campaign, visitor=visitor)
    stands.exclude(variant__in=[variant.key for variant in variants]).update(variant=drawn)
    return stands.get()

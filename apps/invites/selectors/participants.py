"""Reading participants and who they are."""

from collections.abc import Iterable
from typing import Any

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import audiences_of
from apps.core.errors import NotFound
from apps.invites.models import Act, Participant
from apps.orders.models import Order
from apps.orders.selectors import bought_before
from apps.tiers.selectors import tier_of


class ParticipantUnknown(NotFound):
    code = "participant_unknown"
    message = "There is no such participant."


def participant_by_public_id(public_id: str, *, is_test: bool) -> Participant:
    """The participant with this id. Raises ParticipantUnknown."""
    participant = (
        Participant.objects.select_related("campaign")
        .filter(public_id=public_id, campaign__is_test=is_test)
        .first()
    )
    if participant is None:
        raise ParticipantUnknown()
    return participant


def participant_of(campaign: Campaign, member_id: int) -> Participant | None:
    """The member's participant in a campaign, if there is one."""
    return Participant.objects.filter(campaign=campaign, member_id=member_id).first()


def campaigns_joined(member_id: int, campaigns: Iterable[Campaign]) -> set[int]:
    """The primary keys of those campaigns in which the member is a participant; one query."""
    joined = Participant.objects.filter(member_id=member_id, campaign__in=list(campaigns))
    return set(joined.values_list("campaign_id", flat=True))


def circumstances(
    member_id: int, *, channel: str = "", order: Order | None = None
) -> dict[str, Any]:
    """Who a member is right now, as `campaigns.rules.Circumstances` keeps it.

    New is who has no paid order ever, the shop's own history included; at an order, none before it.
    """
    return {
        "tier": tier_of(member_id),
        "audiences": list(audiences_of(member_id)),
        "channel": channel,
        "is_new": not bought_before(member_id, order),
    }


def campaigns_counting(act_key: str) -> list[str]:
    """The public ids of the campaigns in which an act with this key counts."""
    acts = Act.objects.filter(key=act_key).order_by("campaign_id")
    return list(acts.values_list("campaign__public_id", flat=True))

"""The cast and the stage: ann shares, bob is brought, cleo is a stranger."""

import datetime as dt
import itertools
from typing import Any

from django.utils import timezone

from apps.campaigns.models import Budget, Campaign, Policy
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import campaign_publish
from apps.groupbuy.models import Offer
from apps.groupbuy.rules import ItemTerms
from apps.groupbuy.services import offer_create
from apps.members.models import Member
from apps.members.services import member_register, server_key_create

_numbers = itertools.count(1)


def now() -> dt.datetime:
    return timezone.now()


def make_member(name: str = "", **given: Any) -> Member:
    """A member whom the shop knows by `name`."""
    external_id = name or f"member-{next(_numbers)}"
    member, _ = member_register(external_id=external_id, nickname=name, now=now(), **given)
    return member


def make_key(**given: Any) -> str:
    """The text of a fresh server key of the shop."""
    return server_key_create(name="shop", **given)[1]


def make_policy(
    campaign: Campaign, trigger: Trigger, beneficiary: Beneficiary, **terms: Any
) -> Policy:
    terms = {"points": 10, "hold_seconds": 0, "name": f"{trigger} {beneficiary}", **terms}
    return Policy.objects.create(
        campaign=campaign, trigger=trigger, beneficiary=beneficiary, **terms
    )


def make_campaign(
    *policies: tuple[Trigger, Beneficiary, dict[str, Any]],
    budget_minor: int | None = None,
    published: bool = True,
    **given: Any,
) -> Campaign:
    """A running campaign with these policies (one that rewards joining when none is named)."""
    given = {
        "name": "Spring",
        "currency": "CNY",
        "starts_at": now() - dt.timedelta(hours=1),
        **given,
    }
    campaign = Campaign.objects.create(**given)
    for trigger, beneficiary, terms in policies or ((Trigger.JOINED, Beneficiary.MEMBER, {}),):
        make_policy(campaign, trigger, beneficiary, **terms)
    Budget.objects.create(campaign=campaign, amount_minor=budget_minor)
    if published:
        campaign_publish(campaign_id=campaign.pk, now=now())
        campaign.refresh_from_db()
    return campaign


def make_offer(campaign: Campaign, *, size: int = 2, stock: int = 1000, **given: Any) -> Offer:
    """An offer of one item at 5900 alone, 4900 together, if no others are given."""
    given = {
        "title": "Tea",
        "duration": dt.timedelta(hours=1),
        "hold_ttl": dt.timedelta(minutes=10),
        "items": (ItemTerms("tea", "Tea", 5900, 4900, stock),),
        **given,
    }
    return offer_create(campaign_id=campaign.pk, room_size=size, **given)

"""What the acts need: campaigns, offers, rooms, links, made by the engine's own services."""

import datetime as dt
import itertools
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.campaigns.models import Budget, Campaign, Policy
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import campaign_publish
from apps.checkout.services import order_report
from apps.groupbuy.models import Offer, Room
from apps.groupbuy.rules import ItemTerms
from apps.groupbuy.services import offer_create, room_open
from apps.invites.models import Link
from apps.invites.rules import Opening
from apps.invites.selectors import Brought, visit_token
from apps.invites.services import campaign_join, campaign_link, visit_record
from apps.members.credentials import MemberClaims, member_token_issue
from apps.members.models import Member
from apps.members.services import member_register, server_key_create
from apps.orders.services import LineReport, OrderReport

CURRENCY = "CNY"
TEA = ItemTerms("tea", "Green tea, 500 g", 9_900, 6_900, 1_000_000_000)
NOBODY = Brought()

_numbers = itertools.count(1)


def make_campaign(
    name: str, trigger: Trigger, beneficiary: Beneficiary, act: Campaign.QualifyingAct
) -> Campaign:
    """A running campaign with one policy and a budget nobody reaches."""
    now = timezone.now()
    campaign = Campaign.objects.create(
        name=name,
        currency=CURRENCY,
        starts_at=now - dt.timedelta(hours=1),
        qualifying_act=act,
        card_title="Tea tastes better together",
    )
    Policy.objects.create(
        campaign=campaign, name=name, trigger=trigger, beneficiary=beneficiary, points=10
    )
    Budget.objects.create(campaign=campaign, amount_minor=1_000_000_000_000)
    campaign_publish(campaign_id=campaign.pk, now=now)
    campaign.refresh_from_db()
    return campaign


def make_group_campaign(name: str) -> Campaign:
    """A running campaign of group buying: a completed room confirms, and rewards its host."""
    act = Campaign.QualifyingAct.ROOM
    return make_campaign(name, Trigger.ROOM_COMPLETED, Beneficiary.HOST, act)


def make_key() -> str:
    """The text of a server key of the shop."""
    return server_key_create(name="shop")[1]


@dataclass(frozen=True)
class Shopper:
    """A member, and what the shop calls them."""

    member: Member
    external_id: str


def make_shopper() -> Shopper:
    """A member as a shop registers one."""
    name = f"shopper-{next(_numbers)}"
    member, _ = member_register(external_id=name, nickname=name, now=timezone.now())
    return Shopper(member, name)


def make_member() -> Member:
    return make_shopper().member


def join(campaign: Campaign, member: Member) -> None:
    """Make a member a participant whom nobody brought."""
    campaign_join(campaign=campaign, member_id=member.pk, brought=NOBODY, now=timezone.now())


def make_link(campaign: Campaign) -> Link:
    """A fresh participant's link to the campaign."""
    link, _ = campaign_link(
        campaign=campaign, member_id=make_member().pk, brought=NOBODY, now=timezone.now()
    )
    return link


def make_offer(campaign: Campaign, *, size: int, item: ItemTerms = TEA) -> Offer:
    return offer_create(
        campaign_id=campaign.pk,
        title=f"Green tea for {size}",
        room_size=size,
        duration=dt.timedelta(days=1),
        hold_ttl=dt.timedelta(hours=6),
        items=(item,),
    )


@dataclass(frozen=True)
class OpenRoom:
    """A room whose host has paid, and the host's link to it."""

    room: Room
    link: Link


@transaction.atomic
def make_room(offer: Offer) -> OpenRoom:
    host, now = make_member(), timezone.now()
    room, seat = room_open(offer=offer, member_id=host.pk, brought=NOBODY, now=now)
    line = LineReport("1", TEA.sku, 1, seat.price_minor, seat=seat.public_id)
    report_order(host, line)
    room.refresh_from_db()
    link, _ = campaign_link(
        campaign=offer.campaign, member_id=host.pk, brought=NOBODY, now=now, room=room.public_id
    )
    return OpenRoom(room, link)


def report_order(member: Member, line: LineReport) -> None:
    """The shop's report of a paid order of one line."""
    now = timezone.now()
    report = OrderReport(
        order_id=f"order-{next(_numbers)}",
        member_id=member.pk,
        currency=CURRENCY,
        paid_minor=line.amount_minor,
        occurred_at=now,
        lines=(line,),
    )
    order_report(report=report, brought=NOBODY, now=now)


@dataclass(frozen=True)
class Guest:
    """Somebody who has opened a link and acts with a phone: the tokens they hold."""

    token: str
    visit_token: str


@transaction.atomic
def make_guests(link: Link, number: int) -> list[Guest]:
    """New members who came by `link`. Rows without a face: thousands are needed, quickly."""
    members = Member.objects.bulk_create(Member() for _ in range(number))
    return [make_guest(link, member) for member in members]


def make_guest(link: Link, member: Member) -> Guest:
    """A member who has just opened `link`."""
    claims, opening = (
        MemberClaims(member.pk, member.public_id, False),
        Opening("GET", "", is_bot=False),
    )
    return Guest(
        member_token_issue(claims, now=timezone.now())[0],
        visit_token(visit_record(link=link, opening=opening)),
    )

"""Rooms with people in them, as the group page shows them."""

import itertools
from typing import Any

from apps.checkout.services import order_report
from apps.groupbuy.models import Offer, Room, Seat
from apps.groupbuy.services import room_open, seat_hold
from apps.invites.models import Link
from apps.invites.rules import Opening
from apps.invites.selectors import Brought, visit_token
from apps.invites.services import campaign_link, visit_record
from apps.members.models import Member
from apps.orders.services import LineReport, OrderReport
from tests.makers import make_campaign, make_member, make_offer, now

# What a person's browser says. A headless one would be taken for a bot, rightly.
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
SHOP = "https://shop.example/join"

_orders = itertools.count(1)


def make_shop_campaign(**given: Any) -> Any:
    """A running campaign that leads into a shop."""
    return make_campaign(**{"name": "Spring tea", "shop_url": SHOP, **given})


def make_link(name: str = "ann", **given: Any) -> Link:
    """The link of a member called `name` to a campaign of its own, or to the one given."""
    campaign = given.pop("campaign", None) or make_shop_campaign(**given)
    member = make_member(name)
    link, _ = campaign_link(campaign=campaign, member_id=member.pk, brought=Brought(), now=now())
    return link


def pay(seat: Seat) -> None:
    """The shop reports that a seat was paid."""
    line = LineReport("1", seat.item.sku, 1, seat.price_minor, seat=seat.public_id)
    report = OrderReport(
        order_id=f"order-{next(_orders)}",
        member_id=seat.member_id,
        currency=seat.item.offer.campaign.currency,
        paid_minor=seat.price_minor,
        occurred_at=now(),
        lines=(line,),
    )
    order_report(report=report, brought=Brought(), now=now())


def make_room(
    *paid: str, held: tuple[str, ...] = (), offer: Offer | None = None, **terms: Any
) -> Room:
    """A room opened by the first of `paid`; all of them paid, those of `held` hold a seat."""
    offer = offer or make_offer(make_shop_campaign(), **{"title": "Green tea", "size": 4, **terms})
    host, *guests = [make_member(name) for name in paid]
    room, seat = room_open(offer=offer, member_id=host.pk, brought=Brought(), now=now())
    pay(seat)
    for guest in guests:
        pay(take_seat(room, guest))
    for name in held:
        take_seat(room, make_member(name))
    room.refresh_from_db()
    return room


def make_visit(room: Room, member_id: int | None = None) -> str:
    """The token of somebody who opened a link to the room: of this member, or of its host."""
    link, _ = campaign_link(
        campaign=room.offer.campaign,
        member_id=member_id or room.host_id,
        brought=Brought(),
        now=now(),
        room=room.public_id,
    )
    return visit_token(visit_record(link=link, opening=Opening("GET", "", is_bot=False)))


def take_seat(room: Room, member: Member) -> Seat:
    return seat_hold(room=room, member_id=member.pk, brought=Brought(), now=now())

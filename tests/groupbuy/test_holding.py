"""A seat held in one look and one write is the seat that is held step by step, whoever asks."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from apps.campaigns.models import Campaign
from apps.campaigns.services import campaign_publish
from apps.groupbuy import services
from apps.groupbuy.models import OfferItem, Room, Seat
from apps.groupbuy.rules import CoolDown, ItemTerms, Limits, Terms
from apps.groupbuy.services import offer_withdraw, room_open, seat_hold, seat_leave
from apps.invites.models import Link, Participant, Touch, Visit
from apps.invites.rules import Opening
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join, campaign_link, link_revoke
from apps.members.models import Member
from tests.groupbuy.makers import pay
from tests.invites import worlds
from tests.invites.worlds import assert_both_ways_agree, ranks
from tests.makers import make_campaign, make_member, make_offer, now

pytestmark = pytest.mark.usefixtures("committed")


@dataclass(kw_only=True)
class World(worlds.World):
    """Ann's open room, her link to it, and bob, who asks for a seat."""

    room: Room

    @property
    def address(self) -> str:
        return f"rooms/{self.room.public_id}/seats"


def make_world(campaign: Campaign | None = None, **terms: Any) -> World:
    campaign = campaign or make_campaign(qualifying_act="room")
    offer = make_offer(campaign, **{"size": 5, **terms})
    ann = make_member()
    room, seat = room_open(offer=offer, member_id=ann.pk, brought=Brought(), now=now())
    pay(ann, seat)
    room.refresh_from_db()
    link, _ = campaign_link(
        campaign=campaign, member_id=ann.pk, brought=Brought(), now=now(), room=room.public_id
    )
    return World(
        campaign=room.offer.campaign,
        link=link,
        bob=make_member(),
        room=room,
    )


def nobody_told() -> World:
    return make_world()


def by_visit() -> World:
    world = make_world()
    world.opened()
    return world


def by_code() -> World:
    world = make_world()
    world.body["code"] = world.link.code
    return world


def two_of_an_item_named() -> World:
    items = (ItemTerms("tea", "Tea", 5900, 4900, 10), ItemTerms("cup", "Cup", 900, 700, 10))
    world = make_world(items=items)
    world.body |= {"sku": "cup", "quantity": 2, "order_id": "o-7"}
    return world


def by_a_bots_visit() -> World:
    world = make_world()
    world.opened(opening=Opening("GET", "", is_bot=True))
    return world


def by_ones_own_link() -> World:
    world = make_world()
    own, _ = campaign_link(
        campaign=world.campaign, member_id=world.bob.pk, brought=Brought(), now=now()
    )
    world.opened(own)
    return world


def by_a_revoked_link() -> World:
    world = by_visit()
    link_revoke(link_id=world.link.pk)
    return world


def by_a_link_of_another_campaign() -> World:
    world, other = make_world(), make_world()
    world.opened(other.link)
    return world


def by_an_old_visit() -> World:
    world = make_world()
    visit = world.opened()
    Visit.objects.filter(pk=visit.pk).update(opened_at=now() - dt.timedelta(days=30))
    return world


def a_second_link_after_a_first() -> World:
    """Bob came to the campaign by cleo's link first, was told of it, and then by ann's."""
    world = make_world()
    cleos, _ = campaign_link(
        campaign=world.campaign, member_id=make_member().pk, brought=Brought(), now=now()
    )
    visit = world.opened(cleos)
    touch(world, visit)
    world.opened()
    return world


def the_same_visit_again() -> World:
    world = make_world()
    touch(world, world.opened())
    return world


def touch(world: World, visit: Visit) -> None:
    Touch.objects.create(
        campaign=world.campaign,
        member=world.bob,
        source="visit",
        link=visit.link,
        visit=visit,
        touched_at=visit.opened_at,
    )


def in_it_already() -> World:
    world = by_visit()
    brought = Brought(visit_token=world.body["visit_token"])
    campaign_join(campaign=world.campaign, member_id=world.bob.pk, brought=brought, now=now())
    return world


def in_it_confirmed() -> World:
    world = make_world(make_campaign(qualifying_act="join"))
    campaign_join(campaign=world.campaign, member_id=world.bob.pk, brought=Brought(), now=now())
    world.opened()
    return world


def in_it_and_brought_now() -> World:
    """A seed without a referrer is brought: a referrer changes."""
    world = make_world()
    campaign_join(campaign=world.campaign, member_id=world.bob.pk, brought=Brought(), now=now())
    world.opened()
    return world


def a_buyer() -> World:
    world = by_visit()
    Member.objects.filter(pk=world.bob.pk).update(first_order_at=now())
    return world


def after_one_who_left() -> World:
    world = make_world()
    cleo, dora = make_member(), make_member()
    gone = seat_hold(room=world.room, member_id=cleo.pk, brought=Brought(), now=now())
    seat_hold(room=world.room, member_id=dora.pk, brought=Brought(), now=now())
    seat_leave(seat_id=gone.public_id, member_id=cleo.pk)
    return world


def after_a_hold_that_expired() -> World:
    world = make_world(size=2)
    held = seat_hold(room=world.room, member_id=make_member().pk, brought=Brought(), now=now())
    Seat.objects.filter(pk=held.pk).update(hold_expires_at=now() - dt.timedelta(seconds=1))
    return world


def seated_already() -> World:
    world = make_world()
    seat_hold(room=world.room, member_id=world.bob.pk, brought=Brought(), now=now())
    return world


def full() -> World:
    world = make_world(size=2)
    seat_hold(room=world.room, member_id=make_member().pk, brought=Brought(), now=now())
    return world


def not_paid_by_its_host() -> World:
    world = make_world()
    host = make_member()
    world.room, _ = room_open(
        offer=world.room.offer, member_id=host.pk, brought=Brought(), now=now()
    )
    return world


def past_its_deadline() -> World:
    world = make_world()
    Room.objects.filter(pk=world.room.pk).update(deadline_at=now() - dt.timedelta(seconds=1))
    return world


def stopped() -> World:
    world = by_visit()
    world.stop()
    return world


def paused() -> World:
    world = by_visit()
    world.pause()
    return world


def paused_but_in_it() -> World:
    world = in_it_already()
    world.pause()
    return world


def nothing_but_the_tail_left() -> World:
    world = by_visit()
    world.spend_all_but_the_tail()
    return world


def nothing_in_stock() -> World:
    return make_world(stock=1)


def withdrawn() -> World:
    world = by_visit()
    offer_withdraw(offer_id=world.room.offer_id, cancels_rooms=False)
    return world


def for_new_members_only() -> World:
    return make_world(terms=Terms(new_members_only=True))


def for_new_members_only_but_bought() -> World:
    world = make_world(terms=Terms(new_members_only=True))
    Member.objects.filter(pk=world.bob.pk).update(first_order_at=now())
    return world


def with_limits() -> World:
    return make_world(terms=Terms(limits=Limits(seats=1, open_at_once=1)))


def with_a_limit_reached() -> World:
    world = with_limits()
    other, seat = room_open(
        offer=world.room.offer, member_id=make_member().pk, brought=Brought(), now=now()
    )
    pay(seat.member, seat)
    other.refresh_from_db()
    seat_hold(room=other, member_id=world.bob.pk, brought=Brought(), now=now())
    return world


def with_a_cool_down() -> World:
    day = dt.timedelta(days=1)
    return make_world(terms=Terms(cool_down=CoolDown(2, day, day)))


def too_many_pieces() -> World:
    world = make_world(terms=Terms(max_quantity=2))
    world.body["quantity"] = 3
    return world


def of_an_unknown_item() -> World:
    world = make_world()
    world.body["sku"] = "coffee"
    return world


def with_an_unknown_code() -> World:
    world = make_world()
    world.body["code"] = "nonesuch"
    return world


def with_ones_own_code() -> World:
    world = by_ones_own_link()
    world.body = {"code": Link.objects.get(participant__member=world.bob).code}
    return world


def with_a_code_of_another_campaign() -> World:
    world, other = make_world(), make_world()
    world.body["code"] = other.link.code
    return world


def with_a_forged_token() -> World:
    world = by_visit()
    world.body["visit_token"] += "x"
    return world


def with_a_code_and_a_visit() -> World:
    world = by_visit()
    world.body["code"] = world.link.code
    return world


def discounts_from_the_budget() -> World:
    campaign = make_campaign(
        qualifying_act="room", counts_group_discounts=True, budget_minor=10_000
    )
    return make_world(campaign)


def in_a_draw() -> World:
    campaign = make_campaign(qualifying_act="room", published=False)
    campaign.variants.create(key="a")
    campaign.variants.create(key="b")
    campaign_publish(campaign_id=campaign.pk, now=now())
    campaign.refresh_from_db()
    return make_world(campaign)


AT_ONCE = (
    nobody_told,
    by_visit,
    by_code,
    two_of_an_item_named,
    by_a_bots_visit,
    by_ones_own_link,
    by_a_revoked_link,
    by_a_link_of_another_campaign,
    by_an_old_visit,
    a_second_link_after_a_first,
    the_same_visit_again,
    in_it_already,
    in_it_confirmed,
    a_buyer,
    after_one_who_left,
    withdrawn,
    paused_but_in_it,
    for_new_members_only,
    with_limits,
)
STEP_BY_STEP = (
    in_it_and_brought_now,
    after_a_hold_that_expired,
    seated_already,
    full,
    not_paid_by_its_host,
    past_its_deadline,
    stopped,
    paused,
    nothing_but_the_tail_left,
    nothing_in_stock,
    for_new_members_only_but_bought,
    with_a_limit_reached,
    with_a_cool_down,
    too_many_pieces,
    of_an_unknown_item,
    with_an_unknown_code,
    with_ones_own_code,
    with_a_code_of_another_campaign,
    with_a_forged_token,
    with_a_code_and_a_visit,
    discounts_from_the_budget,
    in_a_draw,
)


def told(world: World) -> list[Any]:
    """What is answered, and all that is there afterwards."""
    return [
        *(*world.outcome(), seats()),
        *OfferItem.objects.order_by("pk").values_list("sku", "held", "sold"),
    ]


def seats() -> list[Any]:
    who, whose = ranks(Participant.objects.all()), ranks(Member.objects.all())
    shown = ("quantity", "price_minor", "position", "status", "released", "order_id", "opens")
    more = ("discount", "discount_minor", "room_size", "settlement", "credited_points")
    return [
        [whose[seat.member_id], who.get(seat.inviter_id), seat.item.sku]
        + [getattr(seat, name) for name in (*shown, *more)]
        + [seat.hold_expires_at - seat.held_at == seat.room.hold_ttl]
        for seat in Seat.objects.order_by("pk")
    ]


@pytest.mark.parametrize("situation", [*AT_ONCE, *STEP_BY_STEP], ids=lambda one: one.__name__)
def test_both_ways_agree(
    situation: Callable[[], World],
    monkeypatch: pytest.MonkeyPatch,
    invariants_hold: Callable[[], None],
) -> None:
    assert_both_ways_agree(
        situation,
        services=services,
        name="seat_hold_and_reply",
        at_once=situation in AT_ONCE,
        told=told,
        monkeypatch=monkeypatch,
        invariants_hold=invariants_hold,
    )

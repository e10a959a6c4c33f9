"""Joining in one look and one write is joining step by step, whoever joins."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.invites import services
from apps.invites.models import Link, Participant
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join, campaign_link, link_revoke
from apps.members.models import Member
from tests.invites.worlds import World, assert_both_ways_agree
from tests.makers import make_campaign, make_member, now

pytestmark = pytest.mark.usefixtures("committed")


def make_world(*policies: Any, **given: Any) -> World:
    campaign = make_campaign(*policies, **given)
    return World(
        campaign=campaign,
        link=link_of(campaign),
        bob=make_member(),
    )


def link_of(campaign: Campaign, member: Member | None = None) -> Link:
    owner = member or make_member()
    return campaign_link(campaign=campaign, member_id=owner.pk, brought=Brought(), now=now())[0]


def by_nobody() -> World:
    return make_world()


def by_a_visit() -> World:
    world = make_world()
    world.opened()
    return world


def by_a_code_where_an_order_qualifies() -> World:
    world = make_world(qualifying_act="order")
    world.body["code"] = world.link.code
    return world


def below_somebody_below_somebody() -> World:
    world = make_world()
    cleo = make_member()
    brought = Brought(code=world.link.code)
    campaign_join(campaign=world.campaign, member_id=cleo.pk, brought=brought, now=now())
    world.opened(link_of(world.campaign, cleo))
    return world


def by_a_revoked_link() -> World:
    world = by_a_visit()
    link_revoke(link_id=world.link.pk)
    return world


def by_a_link_of_another_campaign() -> World:
    world = make_world()
    world.opened(link_of(make_campaign(name="Autumn")))
    return world


def before_the_start() -> World:
    hour = dt.timedelta(hours=1)
    world = make_world(starts_at=now() + hour, shown_from=now() - hour)
    world.opened()
    return world


def where_friends_are_numbered() -> World:
    world = make_world((Trigger.FRIEND_CONFIRMED, Beneficiary.MEMBER, {}))
    world.opened()
    return world


def in_it_already() -> World:
    world = by_a_visit()
    campaign_join(campaign=world.campaign, member_id=world.bob.pk, brought=Brought(), now=now())
    return world


def told_before() -> World:
    world = by_a_visit()
    world.body["code"] = world.link.code
    return world


def paused() -> World:
    world = by_a_visit()
    world.pause()
    return world


def stopped() -> World:
    world = by_a_visit()
    world.stop()
    return world


def nothing_but_the_tail_left() -> World:
    world = by_a_visit()
    world.spend_all_but_the_tail()
    return world


def with_an_unknown_code() -> World:
    world = make_world()
    world.body["code"] = "nonesuch"
    return world


AT_ONCE = (
    by_nobody,
    by_a_visit,
    by_a_code_where_an_order_qualifies,
    below_somebody_below_somebody,
    by_a_revoked_link,
    by_a_link_of_another_campaign,
    before_the_start,
)
STEP_BY_STEP = (
    where_friends_are_numbered,
    in_it_already,
    told_before,
    paused,
    stopped,
    nothing_but_the_tail_left,
    with_an_unknown_code,
)


def told(world: World) -> list[Any]:
    """What is answered, and all that is there afterwards."""
    whole = world.outcome()
    times = Participant.objects.order_by("pk").values_list("confirmed_at", "joined_at")
    return [*whole, [confirmed == joined for confirmed, joined in times]]


@pytest.mark.parametrize("situation", [*AT_ONCE, *STEP_BY_STEP], ids=lambda one: one.__name__)
def test_both_ways_agree(
    situation: Callable[[], World],
    monkeypatch: pytest.MonkeyPatch,
    invariants_hold: Callable[[], None],
) -> None:
    assert_both_ways_agree(
        situation,
        services=services,
        name="campaign_join_and_reply",
        at_once=situation in AT_ONCE,
        told=told,
        monkeypatch=monkeypatch,
        invariants_hold=invariants_hold,
    )

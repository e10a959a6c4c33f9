"""Joining in one look and one write is joining step by step, whoever joins."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from apps.campaigns.models import Budget, Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.core.models import IdempotentReply
from apps.invites import services
from apps.invites.models import Link, Participant
from apps.invites.rules import Opening
from apps.invites.selectors import Brought, visit_token
from apps.invites.services import campaign_join, campaign_link, link_revoke, visit_record
from apps.members.credentials import MemberClaims, member_token_issue
from apps.members.models import Member
from tests.conftest import wipe
from tests.groupbuy.test_holding import MOMENT, NAME, events, participants, touches, traces
from tests.makers import make_campaign, make_member, now

pytestmark = pytest.mark.usefixtures("committed")

PHONE = Opening("GET", "", is_bot=False)


@dataclass
class World:
    """Ann's link to a campaign, and bob, who joins with `body`."""

    campaign: Campaign
    link: Link
    bob: Member
    body: dict[str, Any] = field(default_factory=dict)

    def opened(self, link: Link | None = None) -> None:
        """Bob opens a link; its token goes with what he asks."""
        visit = visit_record(link=link or self.link, opening=PHONE)
        self.body["visit_token"] = visit_token(visit)


def make_world(*policies: Any, **given: Any) -> World:
    campaign = make_campaign(*policies, **given)
    return World(campaign, link_of(campaign), make_member())


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
    Campaign.objects.filter(pk=world.campaign.pk).update(status="paused")
    return world


def stopped() -> World:
    world = by_a_visit()
    Campaign.objects.filter(pk=world.campaign.pk).update(stopped_at=now())
    return world


def nothing_but_the_tail_left() -> World:
    world = by_a_visit()
    Budget.objects.filter(campaign=world.campaign).update(amount_minor=10, tail_bps=10_000)
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


def ask(world: World) -> Any:
    claims = MemberClaims(world.bob.pk, world.bob.public_id, False)
    token, _ = member_token_issue(claims, now=now())
    return Client().post(
        f"/api/v1/campaigns/{world.campaign.public_id}/join",
        world.body,
        "application/json",
        HTTP_AUTHORIZATION=f"Bearer {token}",
        HTTP_IDEMPOTENCY_KEY="k1",
    )


def outcome(world: World) -> str:
    """What is answered, and all that is there afterwards, without names and times."""
    answer = ask(world)
    again = ask(world)
    if answer.status_code in (200, 201):
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json() == answer.json()
    times = Participant.objects.order_by("pk").values_list("confirmed_at", "joined_at")
    left = [answer.status_code, answer.json(), IdempotentReply.objects.count()]
    left += [participants(), touches(), traces(), events(), [end == start for end, start in times]]
    return MOMENT.sub("<t>", NAME.sub(r"\1", json.dumps(left, default=str)))


@pytest.mark.parametrize("situation", [*AT_ONCE, *STEP_BY_STEP], ids=lambda one: one.__name__)
def test_both_ways_agree(
    situation: Callable[[], World],
    monkeypatch: pytest.MonkeyPatch,
    invariants_hold: Callable[[], None],
) -> None:
    came: list[Any] = []
    real = services.campaign_join_and_reply
    monkeypatch.setattr(
        services, "campaign_join_and_reply", lambda **asked: came.append(real(**asked)) or came[-1]
    )
    first = outcome(situation())
    invariants_hold()
    assert bool(came and came[0]) == (situation in AT_ONCE)
    wipe()
    monkeypatch.setattr(services, "campaign_join_and_reply", lambda **_asked: None)
    assert outcome(situation()) == first

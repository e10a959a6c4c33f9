"""A link that opens for so many opens for no more; two links never share a code; channels are so many."""

from typing import Any

import pytest

from apps.invites.models import Link, Visit
from apps.invites.rules import Opening, Standing
from apps.invites.selectors import Brought
from apps.invites.selectors import links as link_selectors
from apps.invites.services import (
    ChannelsSpent,
    CodeTaken,
    LinkClosed,
    NewLink,
    campaign_link,
    link_create,
    link_open,
    links,
)
from tests.makers import make_campaign, make_member, now
from tests.races.threads import Gap, at_once, attempt, each, without_row_locks

PERSON = Opening("GET", "", is_bot=False)


def make_limited(most: int) -> Link:
    campaign = make_campaign()
    ann = make_member("ann")
    wanted = NewLink(max_opens=most)
    return link_create(campaign=campaign, member_id=ann.pk, wanted=wanted, now=now())


def opened(link: Link) -> Visit:
    return link_open(link=link, opening=PERSON, now=now())


def two_at_once(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Somebody was found to be the first; before their visit is kept, somebody else comes."""
    link = make_limited(1)
    gap = Gap(link_selectors.opens_of, lambda: opened(link))
    monkeypatch.setattr(link_selectors, "opens_of", gap)
    return attempt(lambda: opened(link)), gap.outcome


def test_two_who_open_the_last_time_take_turns(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_at_once(monkeypatch)
    assert isinstance(first, Visit)
    assert isinstance(second, LinkClosed)
    assert second.standing is Standing.EXHAUSTED


def test_control_without_the_lock_it_opens_once_too_often(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    first, second = two_at_once(monkeypatch)
    assert isinstance(first, Visit)
    assert isinstance(second, Visit)
    assert Visit.objects.count() == 2


def test_a_crowd_opens_it_as_often_as_it_may(promised: None) -> None:
    link = make_limited(3)
    outcomes = at_once(*each(opened, *[link] * 10))
    assert sum(isinstance(outcome, Visit) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, LinkClosed) for outcome in outcomes) == 7
    assert Visit.objects.filter(skipped="").count() == 3


def two_codes_at_once() -> list[Any]:
    campaign = make_campaign()
    members = [make_member(), make_member()]

    def make(member: Any) -> Link:
        wanted = NewLink(code="tea-time")
        return link_create(campaign=campaign, member_id=member.pk, wanted=wanted, now=now())

    return at_once(*each(make, *members))


def test_two_who_choose_one_code(promised: None) -> None:
    outcomes = two_codes_at_once()
    assert {type(outcome) for outcome in outcomes} == {Link, CodeTaken}
    assert Link.objects.count() == 1


def the_last_channel_twice(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Ann asks for a link to the last channel she may have; before it is made, she asks for another."""
    campaign, ann = make_campaign(), make_member("ann")

    def ask(channel: str) -> Link:
        brought = Brought()
        return campaign_link(
            campaign=campaign, member_id=ann.pk, brought=brought, now=now(), channel=channel
        )[0]

    for n in range(links.MOST_CHANNELS - 1):
        ask(f"shelf-{n}")
    gap = Gap(links._demand_channel, lambda: ask("chat"))
    monkeypatch.setattr(links, "_demand_channel", gap)
    return [attempt(lambda: ask("moments")), gap.outcome]


def test_of_two_last_channels_at_once_one_is_refused(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = the_last_channel_twice(monkeypatch)
    assert isinstance(first, Link)
    assert isinstance(second, ChannelsSpent)
    assert Link.objects.exclude(channel="").count() == links.MOST_CHANNELS


def test_control_without_the_participants_lock_there_is_a_channel_too_many(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    outcomes = the_last_channel_twice(monkeypatch)
    assert all(isinstance(outcome, Link) for outcome in outcomes)
    assert Link.objects.exclude(channel="").count() == links.MOST_CHANNELS + 1

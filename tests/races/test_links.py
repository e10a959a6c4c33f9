"""A link that opens for so many opens for no more; two links never share a code."""

from typing import Any

import pytest

from apps.invites.models import Link, Visit
from apps.invites.rules import Opening, Standing
from apps.invites.selectors import links as link_selectors
from apps.invites.services import CodeTaken, LinkClosed, NewLink, link_create, link_open
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

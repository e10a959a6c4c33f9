"""Two friends who buy at once: one is the second, the other the third, and nobody is lost."""

from typing import Any

import pytest

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.core.services import events_process
from apps.invites.models import Act
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join, campaign_link, friends
from apps.members.models import Member
from apps.points.selectors import Wallet, wallet
from apps.rewards.models import Grant
from tests.makers import make_campaign, make_member, now
from tests.races.test_rewards import buy
from tests.races.threads import (
    Gap,
    at_once,
    attempt,
    broken_promises,
    each,
    without,
    without_row_locks,
)


def make_counting() -> tuple[Campaign, Member, list[Member]]:
    """Ten points for ann at every third friend who buys; nine friends who have joined."""
    terms = {"points": 10, "milestone_every": 3}
    campaign = make_campaign((Trigger.FRIEND_BOUGHT, Beneficiary.MEMBER, terms))
    ann = make_member("ann")
    link, _ = campaign_link(campaign=campaign, member_id=ann.pk, brought=Brought(), now=now())
    brought = [make_member(f"friend-{number}") for number in range(9)]
    for friend in brought:
        campaign_join(campaign=campaign, member_id=friend.pk, brought=Brought(link.code), now=now())
    return campaign, ann, brought


def numbers() -> list[int]:
    return sorted(nth for nth in Act.objects.values_list("nth", flat=True) if nth is not None)


def two_who_could_be_the_third(monkeypatch: pytest.MonkeyPatch) -> tuple[Member, Any, Any]:
    """Two friends have bought. The next one's number is found; before it is written, one more buys."""
    _, ann, brought = make_counting()
    for number in range(2):
        buy(brought[number], f"o{number}")
    gap = Gap(friends.circumstances, lambda: buy(brought[3], "o3"))
    monkeypatch.setattr(friends, "circumstances", gap)
    return ann, attempt(lambda: buy(brought[2], "o2")), gap.outcome


def test_two_orders_that_could_both_be_the_third(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, third, fourth = two_who_could_be_the_third(monkeypatch)
    assert (third.order_id, fourth.order_id) == ("o2", "o3")
    assert numbers() == [1, 2, 3, 4]
    events_process()
    assert wallet(ann.pk) == Wallet(pending=10)


def test_control_without_the_referrers_lock_a_friend_is_lost(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    two_who_could_be_the_third(monkeypatch)
    assert numbers() == [1, 2, 3]
    assert broken_promises() == {4}


def test_control_without_lock_and_unique_key_there_are_two_thirds(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    with without("invites_act", "friend_number_once"):
        ann, _, _ = two_who_could_be_the_third(monkeypatch)
        assert numbers() == [1, 2, 3, 3]
        assert broken_promises() == {4}
        events_process()
        assert Grant.objects.filter(member=ann).count() == 2  # paid twice for one milestone


def test_nine_friends_at_once(promised: None) -> None:
    _, ann, brought = make_counting()
    outcomes = at_once(*each(lambda n: buy(brought[n], f"o{n}"), *range(9)))
    assert all(hasattr(outcome, "order_id") for outcome in outcomes), outcomes
    assert numbers() == list(range(1, 10))
    at_once(*(events_process for _ in range(3)))
    events_process()
    assert wallet(ann.pk) == Wallet(pending=30)


def test_one_friend_through_two_orders_at_once(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, (bob, *_) = make_counting()
    gap = Gap(friends.circumstances, lambda: buy(bob, "o2"))
    monkeypatch.setattr(friends, "circumstances", gap)
    buy(bob, "o1")
    assert gap.outcome.order_id == "o2"
    assert numbers() == [1]

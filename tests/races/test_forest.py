"""The chain stays a forest, whoever moves in it at once."""

from typing import Any

import pytest
from django.db import IntegrityError, connection

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.invites.selectors import Brought
from apps.invites.services import admitting, campaign_join, campaign_link
from apps.members.models import Member
from tests.makers import make_campaign, make_member, now
from tests.races.threads import (
    Gap,
    at_once,
    attempt,
    broken_promises,
    each,
    without,
    without_row_locks,
)


@pytest.fixture
def campaign(committed: None) -> Campaign:
    return make_campaign(qualifying_act="room")


def code_of(campaign: Campaign, member: Member) -> str:
    link, _ = campaign_link(campaign=campaign, member_id=member.pk, brought=Brought(), now=now())
    return link.code


def join(campaign: Campaign, member: Member, code: str = "") -> Participant:
    joined, _ = campaign_join(
        campaign=campaign, member_id=member.pk, brought=Brought(code), now=now()
    )
    return joined


def edges(campaign: Campaign) -> set[tuple[str, str]]:
    """(who, brought by whom)."""
    rows = campaign.participants.filter(referrer__isnull=False).values_list(
        "member__profile__nickname", "referrer__member__profile__nickname"
    )
    return set(rows)


def crossing(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Ann, below bob since a moment and not committed yet, and bob on his way below ann."""
    ann, bob = make_member("ann"), make_member("bob")
    anns, bobs = code_of(campaign, ann), code_of(campaign, bob)
    gap = Gap(admitting._keep_trace, lambda: join(campaign, bob, anns))
    monkeypatch.setattr(admitting, "_keep_trace", gap)
    return attempt(lambda: join(campaign, ann, bobs)), gap.outcome


def test_two_who_bring_each_other(
    campaign: Campaign, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = crossing(campaign, monkeypatch)
    assert all(isinstance(outcome, Participant) for outcome in outcomes)
    assert edges(campaign) == {("ann", "bob")}


def test_control_without_the_locks_the_trigger_still_refuses(
    campaign: Campaign, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    anns, bobs = crossing(campaign, monkeypatch)
    assert isinstance(anns, Participant)
    assert isinstance(bobs, IntegrityError)
    assert edges(campaign) == {("ann", "bob")}


def test_control_without_locks_and_trigger_a_cycle_appears(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    with without("invites_participant", "participant_referrer_guard"):
        crossing(campaign, monkeypatch)
        assert edges(campaign) == {("ann", "bob"), ("bob", "ann")}
        assert broken_promises() == {9}


def test_a_ring_of_ten_at_once(campaign: Campaign, promised: None) -> None:
    ring = [make_member(f"member-{n}") for n in range(10)]
    codes = [code_of(campaign, member) for member in ring]
    outcomes = at_once(*each(lambda n: join(campaign, ring[n], codes[(n + 1) % 10]), *range(10)))
    assert all(isinstance(outcome, Participant) for outcome in outcomes), outcomes
    assert 1 <= len(edges(campaign)) <= 9


def moving_leaf(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> Participant:
    """Bob is on his way below ann; before he has arrived, cleo comes below bob."""
    ann, bob, cleo = (make_member(name) for name in ("ann", "bob", "cleo"))
    anns, bobs = code_of(campaign, ann), code_of(campaign, bob)
    gap = Gap(admitting._keep_trace, lambda: join(campaign, cleo, bobs))
    monkeypatch.setattr(admitting, "_keep_trace", gap)
    join(campaign, bob, anns)
    outcome = gap.outcome
    assert isinstance(outcome, Participant), outcome
    outcome.refresh_from_db()
    return outcome


def test_a_new_referee_below_a_moving_leaf_waits_for_it(
    campaign: Campaign, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleo = moving_leaf(campaign, monkeypatch)
    assert edges(campaign) == {("bob", "ann"), ("cleo", "bob")}
    assert (cleo.generation, cleo.root and cleo.root.member.profile.nickname) == (2, "ann")


def test_control_without_the_key_share_lock_a_generation_is_stale(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(referrer_id: int) -> admitting._Place:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT id, coalesce(root_id, id), generation + 1, variant
                   FROM invites_participant WHERE id = %s""",
                [referrer_id],
            )
            return admitting._Place(*cursor.fetchone())

    monkeypatch.setattr(admitting, "_place_below", unlocked)
    assert moving_leaf(campaign, monkeypatch).generation == 1
    assert broken_promises() == {9}


def test_one_member_through_many_doors_at_once(campaign: Campaign, promised: None) -> None:
    ann, bob = make_member("ann"), make_member("bob")
    code = code_of(campaign, ann)
    outcomes = at_once(*(lambda: join(campaign, bob, code) for _ in range(8)))
    assert {outcome.pk for outcome in outcomes} == {campaign.participants.get(member=bob).pk}
    assert edges(campaign) == {("bob", "ann")}


def two_codes(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Bob is about to join by ann's code; before he is there, he has joined by cleo's."""
    ann, bob, cleo = (make_member(name) for name in ("ann", "bob", "cleo"))
    anns, cleos = code_of(campaign, ann), code_of(campaign, cleo)
    gap = Gap(admitting._place_below, lambda: join(campaign, bob, cleos))
    monkeypatch.setattr(admitting, "_place_below", gap)
    outcome = attempt(lambda: join(campaign, bob, anns))
    assert isinstance(gap.outcome, Participant), gap.outcome
    return outcome


def test_two_codes_bound_at_once(
    campaign: Campaign, promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = two_codes(campaign, monkeypatch)
    assert edges(campaign) == {("bob", "cleo")}
    bob = campaign.participants.get(member__profile__nickname="bob")
    assert outcome == bob
    assert bob.member.touches.count() == 2  # both are kept: the next door weighs them
    assert bob.link is not None
    assert bob.link.participant == bob.referrer


def test_control_without_the_unique_key_bob_would_be_there_twice(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without("invites_participant", "participant_once"):
        outcome = two_codes(campaign, monkeypatch)
        assert isinstance(outcome, Participant.MultipleObjectsReturned), outcome


def test_many_codes_bound_at_once(campaign: Campaign, promised: None) -> None:
    ann, bob, cleo = (make_member(name) for name in ("ann", "bob", "cleo"))
    codes = [code_of(campaign, ann), code_of(campaign, cleo)] * 4
    outcomes = at_once(*each(lambda code: join(campaign, bob, code), *codes))
    assert all(isinstance(outcome, Participant) for outcome in outcomes), outcomes
    there = campaign.participants.get(member=bob)
    assert there.referrer is not None
    assert there.referrer.member in (ann, cleo)
    assert there.link is not None
    assert there.link.participant == there.referrer
    assert bob.touches.count() == 8

"""The same history brought in twice at once."""

import itertools
from typing import Any

import pytest

from apps.imports.services import history
from apps.invites.models import Participant
from apps.invites.services import importing as referrers
from apps.members.models import Identity, Member
from apps.points.selectors import wallet
from apps.tiers.models import Membership, TierChange
from apps.tiers.services import importing, tier_import
from tests.imports.makers import bring, counts
from tests.makers import make_campaign, make_member, now
from tests.races.threads import Gap, at_once, attempt, without, without_row_locks
from tests.tiers.makers import DAY, broken_promises, make_ladder

pytestmark = pytest.mark.usefixtures("committed")

NAMES = [f"m{number}" for number in range(40)]


def twice(kind: str, text: str, **given: Any) -> tuple[int, int]:
    """What two imports of one file did together: lines applied and refused."""
    outcomes = at_once(*(lambda: bring(kind, text, **given),) * 2)
    tallies = [counts(tally) for tally, _ in outcomes]
    return sum(row[0] for row in tallies), sum(row[2] for row in tallies)


def test_members_twice_at_once_are_there_once() -> None:
    text = "\n".join(["external_id,unionid", *(f"{name},u-{name}" for name in NAMES)])
    _, refused = twice("members", text)
    assert refused == 0
    assert (Member.objects.count(), Identity.objects.count()) == (40, 80)


def test_balances_twice_at_once_are_given_once() -> None:
    members = [make_member(name) for name in NAMES[:10]]
    text = "\n".join(["external_id,points", *(f"{name},5" for name in NAMES[:10])])
    assert twice("balances", text) == (10, 0)
    assert {wallet(row.pk).available for row in members} == {5}


def test_referrers_twice_at_once_stand_once_in_a_forest(invariants_hold) -> None:
    campaign = make_campaign()
    for name in NAMES:
        make_member(name)
    pairs = [f"{below},{above}" for above, below in zip(NAMES, NAMES[1:], strict=False)]
    text = "\n".join(["external_id,referrer_external_id", *pairs])
    _, refused = twice("referrers", text, campaign=campaign)
    assert refused == 0
    assert Participant.objects.filter(campaign=campaign).count() == 40
    assert Participant.objects.get(member__identities__value="m39").generation == 39
    invariants_hold()


# What makes it once: take it away, and the same interleaving brings everything in twice.


def ann_in_between(monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """One import has written ann and not committed while the other comes; members, identities."""
    text = "external_id\nann\n"
    gap = Gap(Identity.objects.bulk_create, lambda: bring("members", text))
    monkeypatch.setattr(Identity.objects, "bulk_create", gap)
    bring("members", text)
    assert not isinstance(gap.outcome, Exception), gap.outcome
    return Member.objects.count(), Identity.objects.count()


def test_a_member_in_between_is_the_same_member(
    monkeypatch: pytest.MonkeyPatch, invariants_hold: Any
) -> None:
    assert ann_in_between(monkeypatch) == (1, 1)
    invariants_hold()


def test_control_without_the_unique_identity_there_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    with without("members_identity", "identity_leads_to_one_member"):
        assert ann_in_between(monkeypatch) == (2, 2)


def test_control_without_its_key_a_balance_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = itertools.count()
    monkeypatch.setattr(history.rules, "key_of", lambda *_of: f"import:{next(keys)}")
    ann = make_member("ann")
    assert twice("balances", "external_id,points\nann,5\n") == (2, 0)
    assert wallet(ann.pk).available == 10


def referrers_in_between(monkeypatch: pytest.MonkeyPatch) -> int:
    """Both know that ann and bob are no participants yet; how many there are in the end."""
    campaign = make_campaign()
    make_member("ann")
    make_member("bob")
    text = "external_id,referrer_external_id\nbob,ann\n"
    gap = Gap(referrers.variants_of, lambda: bring("referrers", text, campaign=campaign))
    monkeypatch.setattr(referrers, "variants_of", gap)
    bring("referrers", text, campaign=campaign)
    assert not isinstance(gap.outcome, Exception), gap.outcome
    return Participant.objects.filter(campaign=campaign).count()


def test_referrers_in_between_stand_once(
    monkeypatch: pytest.MonkeyPatch, invariants_hold: Any
) -> None:
    assert referrers_in_between(monkeypatch) == 2
    invariants_hold()


def test_control_without_the_unique_participant_they_stand_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with without("invites_participant", "participant_once"):
        assert referrers_in_between(monkeypatch) > 2


def two_tiers(monkeypatch: pytest.MonkeyPatch) -> tuple[Member, list[Any]]:
    """Silver is brought in while the line with gold stands between reading and writing."""
    make_ladder()
    ann = make_member("ann")
    Membership.objects.create(member=ann, counted_to=now())

    def hold(tier: str) -> TierChange:
        return tier_import(
            member_id=ann.pk, tier=tier, until=now() + DAY, key=f"i:{tier}", now=now()
        )

    gap = Gap(importing.tier_by_code, lambda: hold("gold"))
    monkeypatch.setattr(importing, "tier_by_code", gap)
    return ann, [attempt(lambda: hold("silver")), gap.outcome]


def test_two_tiers_at_once_end_with_the_higher(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, _ = two_tiers(monkeypatch)
    assert Membership.objects.get(member=ann).tier.code == "gold"
    assert broken_promises() == []


def test_control_without_the_lock_the_lower_overwrites_it(monkeypatch: pytest.MonkeyPatch) -> None:
    without_row_locks(monkeypatch)
    ann, _ = two_tiers(monkeypatch)
    assert Membership.objects.get(member=ann).tier.code == "silver"

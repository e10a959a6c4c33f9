"""The same history brought in twice at once."""

from typing import Any

import pytest

from apps.invites.models import Participant
from apps.members.models import Identity, Member
from apps.points.selectors import wallet
from apps.tiers.models import Membership, TierChange
from apps.tiers.services import importing, tier_import
from tests.imports.makers import bring, counts
from tests.makers import make_campaign, make_member, now
from tests.races.threads import Gap, at_once, attempt, without_row_locks
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

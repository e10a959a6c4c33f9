"""Two at once on one membership. Each race comes with its control, where the promise breaks."""

from typing import Any

import pytest
from django.db.models import F

from apps.core.models import Event
from apps.members.models import Member
from apps.tiers import rules, services
from apps.tiers.models import GrowthEntry, Membership
from tests.makers import now as wall_clock
from tests.races.threads import Gap, at_once, attempt, without_row_locks
from tests.tiers.makers import (
    DAY,
    broken_promises,
    grow,
    make_ladder,
    make_member,
    stands,
    told,
)

pytestmark = pytest.mark.usefixtures("committed")


def two_entries(monkeypatch: pytest.MonkeyPatch) -> tuple[Member, list[Any]]:
    """Bob's 60 come in while the first 60 stand between reading the growth and writing it."""
    make_ladder()
    ann = make_member()
    grow(ann, 1, key="opens the membership")
    gap = Gap(rules.advanced, lambda: grow(ann, 60, key="second"))
    monkeypatch.setattr(rules, "advanced", gap)
    return ann, [attempt(lambda: grow(ann, 60, key="first")), gap.outcome]


def test_two_entries_at_once_add_up_and_promote_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, outcomes = two_entries(monkeypatch)
    assert [type(outcome) for outcome in outcomes] == [GrowthEntry, GrowthEntry]
    assert (stands(ann), told(ann)) == (("silver", 121), [("silver", True)])
    assert broken_promises() == []


def test_control_without_the_lock_one_of_them_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    without_row_locks(monkeypatch)
    ann, _ = two_entries(monkeypatch)
    assert (stands(ann), told(ann)) == (("", 61), [])
    assert any("growth is the sum" in promise for promise in broken_promises())


def test_thirty_entries_at_once_for_somebody_new() -> None:
    make_ladder()
    ann = make_member()
    at_once(*(lambda n=n: grow(ann, 20, key=f"act-{n % 25}") for n in range(30)))
    assert stands(ann) == ("gold", 500)
    assert told(ann) == [("silver", True), ("gold", True)]
    assert broken_promises() == []


def test_one_key_of_two_members_counts_for_one() -> None:
    make_ladder()
    ann, bob = make_member(), make_member()
    outcomes = at_once(*(lambda m=m: grow(m, 5, key="same") for m in (ann, bob)))
    assert {type(outcome) for outcome in outcomes} == {GrowthEntry, services.GrowthConflict}
    assert GrowthEntry.objects.count() == 1
    assert broken_promises() == []


def test_two_sweepers_and_new_growth_at_once() -> None:
    make_ladder()
    members = [make_member() for _ in range(20)]
    for member in members:
        grow(member, 100, at=wall_clock() - 366 * DAY)
    assert Membership.objects.due().count() == 20
    at_once(
        services.memberships_sweep,
        services.memberships_sweep,
        *(lambda m=m: grow(m, 100, key=f"now-{m.pk}", at=wall_clock()) for m in members[:6]),
    )
    services.memberships_sweep()
    assert {stands(member) for member in members[:6]} == {("silver", 100)}
    assert {stands(member) for member in members[6:]} == {("", 0)}
    lowered = Event.objects.filter(kind="tier.lowered").count()
    assert lowered == 20
    assert broken_promises() == []


def test_what_somebody_has_locked_is_left_for_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    make_ladder()
    ann = make_member()
    grow(ann, 100, at=wall_clock() - 366 * DAY)
    gap = Gap(rules.advanced, services.memberships_sweep)
    monkeypatch.setattr(rules, "advanced", gap)
    grow(ann, 5, at=wall_clock())
    assert gap.outcome == 0
    assert broken_promises() == []


def test_every_membership_has_its_own_sum() -> None:
    make_ladder()
    members = [make_member() for _ in range(4)]
    at_once(*(lambda m=m, n=n: grow(m, 10 * n) for n in range(1, 5) for m in members))
    assert set(
        Membership.objects.annotate(off=F("growth") - 100).values_list("off", flat=True)
    ) == {0}
    assert broken_promises() == []

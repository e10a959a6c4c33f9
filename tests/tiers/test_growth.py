"""Growth that comes, leaves and is taken back, and what it does to a member's tier."""

from collections.abc import Callable, Iterator

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core.models import Event
from apps.tiers import services
from apps.tiers.models import GrowthEntry, Membership, Tier, TierChange
from apps.tiers.selectors import TierUnknown, tier_of, tier_view, tiers_of
from tests.tiers.makers import (
    DAY,
    NOW,
    broken_promises,
    grow,
    make_ladder,
    make_member,
    stands,
    take_back,
    told,
)

Clock = Callable[..., None]


@pytest.fixture(autouse=True)
def ladder(db: None) -> Iterator[None]:
    make_ladder()
    yield
    assert broken_promises() == []


@pytest.fixture
def at(db: None) -> Clock:
    """Set the database's clock and sweep. Undone with the test's transaction."""

    def move(moment, *, sweep: bool = True) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql STABLE "
                f"AS 'SELECT timestamptz ''{moment.isoformat()}'''"
            )
        while sweep and services.memberships_sweep():
            pass

    return move


def test_ann_reaches_silver_at_once() -> None:
    ann = make_member()
    grow(ann, 99)
    assert (tier_of(ann.pk), told(ann)) == ("", [])
    grow(ann, 1)
    assert tier_of(ann.pk) == "silver"
    assert told(ann) == [("silver", True)]


def test_the_event_says_what_campaigns_and_shops_need() -> None:
    ann = make_member()
    grow(ann, 100)
    event = Event.objects.get(kind="tier.reached")
    assert event.payload == {
        "member": ann.public_id,
        "tier": "silver",
        "rank": 1,
        "period": "2026-05-04",
        "first": True,
    }
    assert (event.occurred_at, event.is_test) == (NOW, False)


def test_who_passes_silver_reaches_it_too() -> None:
    ann, bob = make_member(), make_member()
    grow(ann, 600)
    grow(bob, 300)
    grow(bob, 300)
    assert stands(ann) == stands(bob) == ("gold", 600)
    assert told(ann) == told(bob) == [("silver", True), ("gold", True)]


def test_the_same_key_counts_once() -> None:
    ann = make_member()
    first = grow(ann, 60, key="order-1")
    assert grow(ann, 60, key="order-1", at=NOW + DAY) == first
    assert stands(ann) == ("", 60)


def test_the_same_key_with_another_amount_or_member_is_refused() -> None:
    ann, bob = make_member(), make_member()
    grow(ann, 60, key="order-1")
    for member, amount in ((ann, 61), (bob, 60)):
        with pytest.raises(services.GrowthConflict), transaction.atomic():
            grow(member, amount, key="order-1")


@pytest.mark.parametrize("amount", [0, -5, 10**12 + 1])
def test_an_amount_is_a_whole_number_in_its_limits(amount: int) -> None:
    ann = make_member()
    for call in (grow, take_back):
        with pytest.raises(services.GrowthInvalid), transaction.atomic():
            call(ann, amount)


def test_a_take_back_takes_what_its_reference_brought() -> None:
    ann = make_member()
    grow(ann, 60, key="old")
    grow(ann, 50, key="new", at=NOW + DAY)
    assert take_back(ann, 20, of="old", at=NOW + 2 * DAY) == 20
    assert take_back(ann, 90, of="old", at=NOW + 2 * DAY) == 40
    assert stands(ann) == ("silver", 50)
    assert take_back(ann, 1, of="old", at=NOW + 2 * DAY) == 0


def test_a_take_back_happens_once_per_key_also_when_it_found_nothing() -> None:
    ann = make_member()
    assert take_back(ann, 30, key="r1") == 0
    grow(ann, 100)
    assert take_back(ann, 30, key="r1") == 0
    assert take_back(ann, 30, key="r2") == take_back(ann, 30, key="r2") == 30
    assert stands(ann)[1] == 70


def test_without_a_reference_the_youngest_growth_goes_and_never_below_0() -> None:
    ann = make_member()
    grow(ann, 10)
    grow(ann, 20, at=NOW + DAY)
    assert take_back(ann, 25, at=NOW + DAY) == 25
    assert list(
        GrowthEntry.objects.filter(asked__lt=0).order_by("part").values_list("amount", flat=True)
    ) == [-20, -5]
    assert take_back(ann, 25, at=NOW + DAY) == 5
    assert stands(ann)[1] == 0


def test_what_a_take_back_took_leaves_with_its_entry(at: Clock) -> None:
    ann = make_member()
    grow(ann, 60, key="old")
    grow(ann, 30, key="young", at=NOW + 100 * DAY)
    take_back(ann, 60, of="old", at=NOW + 101 * DAY)
    at(NOW + 365 * DAY)
    assert stands(ann) == ("", 30)
    at(NOW + 465 * DAY)
    assert stands(ann) == ("", 0)


def test_a_refund_does_not_take_the_tier_before_its_period_ends(at: Clock) -> None:
    ann = make_member()
    grow(ann, 100, key="order-1")
    take_back(ann, 100, of="order-1")
    assert stands(ann) == ("silver", 0)
    at(NOW + 365 * DAY)
    assert stands(ann) == ("", 0)
    assert told(ann, "tier.lowered") == [("", False)]


def test_growth_leaves_the_window_to_the_microsecond(at: Clock) -> None:
    ann = make_member()
    grow(ann, 60)
    at(NOW + 365 * DAY - DAY / 86_400_000_000)
    assert stands(ann)[1] == 60
    at(NOW + 365 * DAY)
    assert stands(ann)[1] == 0


def test_gold_falls_one_step_a_period_and_silver_again_is_a_new_arrival(at: Clock) -> None:
    ann = make_member()
    grow(ann, 600)
    at(NOW + 365 * DAY)
    assert stands(ann) == ("silver", 0)
    at(NOW + 730 * DAY)
    assert stands(ann) == ("", 0)
    grow(ann, 100, at=NOW + 731 * DAY)
    assert told(ann) == [("silver", True), ("gold", True), ("silver", False)]


def test_a_sweep_that_comes_years_late_ends_the_same(at: Clock) -> None:
    ann, bob = make_member(), make_member()
    for member in (ann, bob):
        grow(member, 2500)
    at(NOW + 365 * DAY, sweep=False)
    services.memberships_sweep()
    at(NOW + 2000 * DAY)
    kinds = [
        list(
            TierChange.objects.filter(member=member)
            .order_by("pk")
            .values_list("kind", "tier__code", "occurred_at")
        )
        for member in (ann, bob)
    ]
    assert kinds[0] == kinds[1]
    assert stands(ann) == stands(bob) == ("", 0)


def test_grace_lets_growth_still_save_the_tier(at: Clock) -> None:
    make_ladder(grace_days=30)
    ann, bob = make_member(), make_member()
    grow(ann, 100)
    grow(bob, 100)
    at(NOW + 365 * DAY)
    assert tiers_of([ann.pk, bob.pk]) == {ann.pk: "silver", bob.pk: "silver"}
    grow(ann, 100, at=NOW + 380 * DAY)
    at(NOW + 395 * DAY)
    assert tiers_of([ann.pk, bob.pk]) == {ann.pk: "silver"}
    assert told(ann) == [("silver", True)]  # kept, not reached again
    assert [change.kind for change in tier_view(ann.pk, is_test=False).history] == [
        "kept",
        "reached",
    ]


def test_test_members_climb_the_test_ladder() -> None:
    ada = make_member(is_test=True)
    grow(ada, 5000)
    assert stands(ada) == ("", 5000)
    make_ladder(is_test=True)
    grow(ada, 1)
    assert stands(ada)[0] == "black"
    assert set(Event.objects.filter(kind="tier.reached").values_list("is_test", flat=True)) == {
        True
    }


def test_an_imported_tier_is_held_rewarded_by_nothing_and_never_a_first_time(at: Clock) -> None:
    ann = make_member()
    until = NOW + 40 * DAY
    given = {"member_id": ann.pk, "tier": "gold", "until": until, "key": "i1", "now": NOW}
    assert services.tier_import(**given) == services.tier_import(**given)
    assert (stands(ann), Event.objects.count()) == (("gold", 0), 0)
    at(until)
    assert stands(ann) == ("silver", 0)
    grow(ann, 500, at=until + DAY)
    assert told(ann) == [("gold", False)]


def test_an_import_lowers_nobody_and_lengthens_what_is_held() -> None:
    ann = make_member()
    grow(ann, 500)

    def bring(tier: str, until, key: str) -> None:
        with transaction.atomic():
            services.tier_import(member_id=ann.pk, tier=tier, until=until, key=key, now=NOW)

    with pytest.raises(services.TierAlreadyHigher):
        bring("silver", None, "i1")
    with pytest.raises(services.TierOver):
        bring("gold", NOW, "i2")
    with pytest.raises(TierUnknown):
        bring("opal", None, "i3")
    bring("gold", NOW + 10 * DAY, "i4")
    assert Membership.objects.get(member=ann).period_end == NOW + 365 * DAY
    bring("gold", NOW + 500 * DAY, "i5")
    assert Membership.objects.get(member=ann).period_end == NOW + 500 * DAY


@pytest.mark.parametrize(
    "change", [lambda rows: rows.update(amount=1), lambda rows: rows._raw_delete(rows.db)]
)
def test_the_database_refuses_to_rewrite_growth(change) -> None:
    grow(make_member(), 10)
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        change(GrowthEntry.objects.all())


@pytest.mark.parametrize(
    ("damage", "promise"),
    [
        ("UPDATE tiers_membership SET growth = growth + 1", "growth is the sum"),
        ("UPDATE tiers_membership SET due_at = now() + interval '9 years'", "due no later"),
        ("UPDATE tiers_tier SET threshold = 5000 WHERE code = 'gold'", "thresholds rise"),
        ("DELETE FROM core_event", "reached once"),
        ("ALTER TABLE tiers_growthentry DISABLE TRIGGER growth_entry_immutable", "trigger"),
    ],
)
def test_check_invariants_sees_damage(damage: str, promise: str) -> None:
    grow(make_member(), 100)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(damage)
        assert [promise in broken for broken in broken_promises()] == [True]
        transaction.set_rollback(True)


def test_a_tier_that_members_hold_cannot_vanish() -> None:
    grow(make_member(), 100)
    with pytest.raises(Exception, match="protected"):
        Tier.objects.get(code="silver").delete()


def test_a_thousand_and_more_are_swept_in_batches(at: Clock, monkeypatch) -> None:
    from apps.tiers.services import sweeping

    monkeypatch.setattr(sweeping, "AT_ONCE", 4)
    members = [make_member(is_test=number % 3 == 0) for number in range(10)]
    for member in members:
        grow(member, 100)
    at(NOW + 365 * DAY, sweep=False)
    assert services.memberships_sweep() == 10
    assert services.memberships_sweep() == 0
    assert not Membership.objects.exclude(growth=0, tier=None).exists()

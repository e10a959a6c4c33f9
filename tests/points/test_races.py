"""Two at once on one purse. Each race comes with its control: without the lock it is lost."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.utils import timezone

from apps.core.transactions import in_transaction
from apps.members.models import Member
from apps.points import rules, services
from apps.points.models import Account, Adjustment, Reservation, Transfer
from apps.points.models.reservations import ReservationQuerySet
from apps.points.selectors import Wallet, wallet
from apps.points.services import earning, one_statement, purses, reserving
from tests.points.makers import (
    NOW,
    broken_promises,
    capture_order,
    claw_back,
    earn,
    make_earner,
    make_member,
    pend,
    reserve,
    return_order,
    spend,
)
from tests.races.threads import Gap, at_once, attempt, without


@pytest.fixture(autouse=True)
def ledger(committed: None) -> Iterator[None]:
    yield
    assert broken_promises() == []


def step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moves lock, decide and write one after the other, as they do when they meet."""
    monkeypatch.setattr(one_statement, "_run", lambda *_what: [])


def unlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever locks accounts now only reads them."""
    monkeypatch.setattr(purses, "LOCK", purses.LOCK.replace("FOR NO KEY UPDATE", ""))


def two_claw_backs(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], Wallet]:
    """One comes while the other stands between reading the lots and taking from them."""
    ann = make_earner(100)
    gap = Gap(rules.take_from_lots, lambda: claw_back(ann, 100, key="r2"))
    monkeypatch.setattr(rules, "take_from_lots", gap)
    outcomes = [attempt(lambda: claw_back(ann, 100, key="r1")), gap.outcome]
    return outcomes, wallet(ann.pk)


def test_two_claw_backs_of_one_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes, left = two_claw_backs(monkeypatch)
    assert sorted(outcome.taken for outcome in outcomes) == [0, 100]
    assert left == Wallet(debt=-100)


def test_control_without_the_lock_two_claw_backs_go_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    unlock(monkeypatch)
    outcomes, left = two_claw_backs(monkeypatch)
    # The CHECK still keeps the ledger whole, but a claw back is lost.
    assert [type(outcome) for outcome in outcomes].count(IntegrityError) == 1
    assert left == Wallet()


def test_one_key_twice_at_once_returns_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """One comes while the other holds the purse and has not used the key yet."""
    ann = make_member()

    def pend_again() -> Transfer:
        return services.points_pend(member_id=ann.pk, amount=50, key="g1", reference="", now=NOW)

    gap = Gap(earning.purse_for, pend_again)
    monkeypatch.setattr(earning, "purse_for", gap)
    assert attempt(pend_again) == gap.outcome
    assert wallet(ann.pk) == Wallet(pending=50)


def test_twenty_spend_one_balance() -> None:
    ann = make_earner(100)
    outcomes = at_once(*(lambda n=n: spend(ann, 30, key=f"s{n}") for n in range(20)))
    kinds = [type(outcome) for outcome in outcomes]
    assert (kinds.count(Transfer), kinds.count(services.NotEnoughPoints)) == (3, 17)
    assert wallet(ann.pk) == Wallet(available=10)


def two_spend(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], Wallet]:
    """One comes while the other stands between reading the lots and taking from them."""
    step_by_step(monkeypatch)
    ann = make_earner(100)
    gap = Gap(rules.take_from_lots, lambda: spend(ann, 100, key="s2"))
    monkeypatch.setattr(rules, "take_from_lots", gap)
    outcomes = [attempt(lambda: spend(ann, 100, key="s1")), gap.outcome]
    return outcomes, wallet(ann.pk)


def test_two_spend_one_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes, left = two_spend(monkeypatch)
    assert {type(outcome) for outcome in outcomes} == {Transfer, services.NotEnoughPoints}
    assert left == Wallet()


def test_control_without_the_lock_the_second_spender_meets_a_constraint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unlock(monkeypatch)
    outcomes, _ = two_spend(monkeypatch)
    assert {type(outcome) for outcome in outcomes} == {Transfer, IntegrityError}


def test_control_without_lock_and_constraints_points_are_spent_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unlock(monkeypatch)
    with (
        without("points_account", "balance_within_its_sign"),
        without("points_lot", "lot_remains_within_its_amount"),
    ):
        outcomes, left = two_spend(monkeypatch)
        assert [type(outcome) for outcome in outcomes] == [Transfer, Transfer]
        assert left == Wallet(available=-100)
        assert 2 in broken_promises()


def two_spend_in_one_statement(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One comes while the other has spent the points, and has not committed it yet."""
    ann = make_earner(100)
    gap = Gap(one_statement.spend, lambda: spend(ann, 100, key="s2"))
    monkeypatch.setattr(one_statement, "spend", gap)
    first = in_transaction(lambda: spend(ann, 100, key="s1"))
    return [attempt(first), gap.outcome]


def test_two_spend_one_balance_in_one_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [type(outcome) for outcome in two_spend_in_one_statement(monkeypatch)]
    assert kinds == [Transfer, services.NotEnoughPoints]


def test_control_lots_of_before_the_wait_are_spent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_statement, "IS_FRESH", "TRUE")
    with (
        without("points_account", "balance_within_its_sign"),
        without("points_lot", "lot_remains_within_its_amount"),
    ):
        kinds = [type(outcome) for outcome in two_spend_in_one_statement(monkeypatch)]
        assert kinds == [Transfer, Transfer]
        assert 2 in broken_promises()


def one_settlement_twice(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], Wallet]:
    """All of it repays debt, and the repeat finds none left when its wait is over."""
    ann = make_earner(50)
    claw_back(ann, 100, key="earlier")
    pend(ann, 100, key="on hold")

    def settle() -> services.Settled:
        return services.points_settle(member_id=ann.pk, amount=50, key="s", reference="", now=NOW)

    gap = Gap(one_statement.settle, settle)
    monkeypatch.setattr(one_statement, "settle", gap)
    return [attempt(in_transaction(settle)), gap.outcome], wallet(ann.pk)


def test_a_settlement_repeated_while_it_runs_happens_once(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes, left = one_settlement_twice(monkeypatch)
    assert outcomes == [services.Settled(available=0, repaid=50)] * 2
    assert left == Wallet(pending=50)


def test_control_without_a_look_at_the_snapshot_it_happens_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(one_statement, "IS_FRESH", "TRUE")
    _, left = one_settlement_twice(monkeypatch)
    assert left == Wallet(available=50)


def capture(held: Reservation) -> Reservation:
    return services.reservation_capture(public_id=held.public_id, is_test=False, now=NOW)


def release(held: Reservation) -> Reservation:
    return services.reservation_release(public_id=held.public_id, is_test=False, now=NOW)


def overdue(member: Member) -> Reservation:
    """60 points reserved longer than agreed."""
    held = reserve(member, 60)
    over = timezone.now() - dt.timedelta(minutes=1)
    Reservation.objects.filter(pk=held.pk).update(expires_at=over)
    return held


@pytest.mark.parametrize("turn", range(5))
def test_capture_release_and_expiry_resolve_once(turn: int) -> None:
    ann = make_earner(100)
    held = overdue(ann)
    calls = [
        lambda: capture(held),
        lambda: release(held),
        services.reservations_expire,
        lambda: capture_order(ann, "o1"),
    ]
    at_once(*calls[turn:], *calls[:turn])
    held.refresh_from_db()
    assert held.status in ("captured", "released")
    left = 40 if held.status == "captured" else 100
    assert wallet(ann.pk) == Wallet(available=left)
    transfers = Transfer.objects.filter(key__endswith=held.public_id)
    assert [row.amount for row in transfers] == [60]


RIVALS = {
    "release against capture": (release, capture),
    "capture against release": (capture, release),
    "expiry against capture": (lambda held: reserving.reservation_expire(held.pk), capture),
    "capture against expiry": (capture, lambda held: reserving.reservation_expire(held.pk)),
}


def rivals(monkeypatch: pytest.MonkeyPatch, name: str) -> tuple[list[Any], Wallet]:
    """One comes while the other holds the purse and has not looked at the reservation yet."""
    first, second = RIVALS[name]
    ann = make_earner(100)
    held = overdue(ann)
    gap = Gap(reserving.purse_lock, lambda: second(held))
    monkeypatch.setattr(reserving, "purse_lock", gap)
    return [attempt(lambda: first(held)), gap.outcome], wallet(ann.pk)


@pytest.mark.parametrize("name", RIVALS)
def test_whoever_resolves_second_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    outcomes, left = rivals(monkeypatch, name)
    late = 0 if name == "capture against expiry" else services.ReservationReleased
    if name == "capture against release":
        late = services.ReservationCaptured
    assert outcomes[1] == late or type(outcomes[1]) is late
    assert left == Wallet(available=40 if name.startswith("capture") else 100)


def test_control_without_lock_and_condition_both_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    unlock(monkeypatch)
    monkeypatch.setattr(ReservationQuerySet, "reserved", lambda rows: rows.all())
    with without("points_account", "balance_within_its_sign"):
        rivals(monkeypatch, "release against capture")
        assert {2, 3} <= set(broken_promises())


def refund_against_settle(monkeypatch: pytest.MonkeyPatch) -> Wallet:
    """A claw back comes while a settlement stands between its lock and its move."""
    step_by_step(monkeypatch)
    ann = make_earner(50)
    claw_back(ann, 80, key="earlier")
    pend(ann, 100, key="on hold")
    gap = Gap(earning.purse_for, lambda: claw_back(ann, 100, key="r1"))
    monkeypatch.setattr(earning, "purse_for", gap)
    attempt(
        lambda: services.points_settle(member_id=ann.pk, amount=100, key="s", reference="", now=NOW)
    )
    assert isinstance(gap.outcome, services.ClawedBack)
    return wallet(ann.pk)


def test_a_refund_against_a_settlement_owes_what_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refund_against_settle(monkeypatch) == Wallet(debt=-30)


def test_control_without_the_lock_debt_and_points_stand_side_by_side(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unlock(monkeypatch)
    assert refund_against_settle(monkeypatch) == Wallet(available=70, debt=-100)


def test_two_refunds_of_one_order_give_back_once() -> None:
    ann = make_earner(100)
    reserve(ann, 90)
    capture_order(ann, "o1")
    given = at_once(*(lambda: return_order("o1", refunded=1, paid=3) for _ in range(8)))
    assert sorted(given) == [0] * 7 + [30]
    assert wallet(ann.pk) == Wallet(available=40)


def test_two_approvals_move_points_once() -> None:
    ann, olga = make_member(), User.objects.create_user("olga")
    otto, pia = User.objects.create_user("otto"), User.objects.create_user("pia")
    row = services.points_adjust_propose(
        member_id=ann.pk, amount=5000, reason="goodwill", proposed_by=olga.pk, now=NOW
    )
    outcomes = at_once(
        *(
            lambda who=who: services.points_adjust_decide(
                adjustment_id=row.pk, approve=True, decided_by=who.pk, now=NOW
            )
            for who in (otto, pia)
        )
    )
    assert {type(outcome) for outcome in outcomes} == {Adjustment, services.AdjustmentDecided}
    assert wallet(ann.pk) == Wallet(available=5000)


def test_small_adjustments_at_once_stay_within_the_limit_together() -> None:
    ann, olga = make_member(), User.objects.create_user("olga")
    rows = at_once(
        *(
            lambda: services.points_adjust_propose(
                member_id=ann.pk, amount=400, reason="goodwill", proposed_by=olga.pk, now=NOW
            )
            for _ in range(6)
        )
    )
    assert sorted(row.within_limit for row in rows) == [False] * 4 + [True] * 2
    assert wallet(ann.pk) == Wallet(available=800)


def test_twenty_take_from_one_purse() -> None:
    ann = make_earner(100)
    outcomes = at_once(*(lambda n=n: claw_back(ann, 10, key=f"r{n}") for n in range(20)))
    assert sum(outcome.taken for outcome in outcomes) == 100
    assert sum(outcome.owed for outcome in outcomes) == 100
    assert wallet(ann.pk) == Wallet(debt=-100)


def test_twenty_first_earnings_open_one_set_of_accounts() -> None:
    ann = make_member()
    outcomes = at_once(*(lambda n=n: earn(ann, 5, key=f"g{n}") for n in range(20)))
    assert outcomes == [services.Settled(available=5, repaid=0)] * 20
    assert Account.objects.filter(member=ann).count() == 4
    assert wallet(ann.pk) == Wallet(available=100)


def test_one_key_of_two_members_moves_points_of_one() -> None:
    ann, bob = make_member(), make_member()
    outcomes = at_once(
        *(
            lambda member=member: services.points_pend(
                member_id=member.pk, amount=5, key="same", reference="", now=NOW
            )
            for member in (ann, bob)
        )
    )
    assert {type(outcome) for outcome in outcomes} == {Transfer, services.TransferConflict}
    assert wallet(ann.pk).pending + wallet(bob.pk).pending == 5

"""Two at once on one purse. Each race comes with its control: without the lock it is lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError

from apps.points import rules, services
from apps.points.models import Account, AccountQuerySet, Transfer
from apps.points.selectors import Wallet, wallet
from tests.points.makers import (
    NOW,
    broken_promises,
    claw_back,
    earn,
    make_earner,
    make_member,
    pend,
)
from tests.races.threads import Gap, at_once, attempt


@pytest.fixture(autouse=True)
def ledger(committed: None) -> Iterator[None]:
    yield
    assert broken_promises() == []


def unlocked(accounts: AccountQuerySet) -> list[Account]:
    return list(accounts.order_by("pk"))


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
    monkeypatch.setattr(AccountQuerySet, "lock_in_order", unlocked)
    outcomes, left = two_claw_backs(monkeypatch)
    # The CHECK still keeps the ledger whole, but a claw back is lost.
    assert [type(outcome) for outcome in outcomes].count(IntegrityError) == 1
    assert left == Wallet()


def one_key_twice(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One comes while the other knows that the key is new, and has not used it yet."""
    ann = make_member()
    pend(ann, 1, key="opens the accounts")

    def pend_again() -> Transfer:
        return services.points_pend(member_id=ann.pk, amount=50, key="g1", reference="", now=NOW)

    gap = Gap(services._already_done, pend_again)
    monkeypatch.setattr(services, "_already_done", gap)
    return [attempt(pend_again), gap.outcome]


def test_one_key_twice_at_once_returns_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = one_key_twice(monkeypatch)
    assert first == second


def test_control_without_the_lock_the_second_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AccountQuerySet, "lock_in_order", unlocked)
    outcomes = one_key_twice(monkeypatch)
    assert {type(outcome) for outcome in outcomes} == {Transfer, services.TransferConflict}


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
    assert Account.objects.filter(member=ann).count() == 3
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

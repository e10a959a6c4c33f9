"""Two at once on one purse. Each race comes with its control: without the lock it is lost."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection

from apps.core.transactions import retrying
from apps.points import services
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

Read = Callable[[AccountQuerySet], list[Account]]


@pytest.fixture(autouse=True)
def ledger(committed: None) -> Iterator[None]:
    yield
    assert broken_promises() == []


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run all calls in threads of their own; what each returned or raised."""

    def run(call: Callable[[], Any]) -> Any:
        try:
            return retrying(call)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def meet_after(read: Read, *, patience: float = 0.3) -> Read:
    """`read`, then wait for another reader; whoever waits alone for `patience` seconds goes on.

    Behind a lock nobody else can come, so the wait is short; a control waits until they do.
    """
    meeting = threading.Barrier(2)

    def met(accounts: AccountQuerySet) -> list[Account]:
        rows = read(accounts)
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(patience)
        return rows

    return met


def unlocked(accounts: AccountQuerySet) -> list[Account]:
    return list(accounts.order_by("pk"))


def two_claw_backs() -> tuple[list[Any], Wallet]:
    ann = make_earner(100)
    outcomes = at_once(lambda: claw_back(ann, 100, key="r1"), lambda: claw_back(ann, 100, key="r2"))
    return outcomes, wallet(ann.pk)


def test_two_claw_backs_of_one_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AccountQuerySet, "lock_in_order", meet_after(AccountQuerySet.lock_in_order))
    outcomes, left = two_claw_backs()
    assert sorted(outcome.taken for outcome in outcomes) == [0, 100]
    assert left == Wallet(debt=-100)


def test_control_without_the_lock_two_claw_backs_go_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AccountQuerySet, "lock_in_order", meet_after(unlocked, patience=20))
    outcomes, left = two_claw_backs()
    # The CHECK still keeps the ledger whole, but a claw back is lost.
    assert [type(outcome) for outcome in outcomes].count(IntegrityError) == 1
    assert left == Wallet()


def one_key_twice() -> list[Any]:
    ann = make_member()
    pend(ann, 1, key="opens the accounts")
    pend_again = lambda: services.points_pend(  # noqa: E731
        member_id=ann.pk, amount=50, key="g1", reference="", now=NOW
    )
    return at_once(pend_again, pend_again)


def test_one_key_twice_at_once_returns_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AccountQuerySet, "lock_in_order", meet_after(AccountQuerySet.lock_in_order))
    first, second = one_key_twice()
    assert first == second


def test_control_without_the_lock_the_second_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AccountQuerySet, "lock_in_order", meet_after(unlocked, patience=20))
    outcomes = one_key_twice()
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

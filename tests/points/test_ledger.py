"""What moves, what does not, and what happens only once."""

import datetime as dt
from collections.abc import Iterator
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction

from apps.members.models import Member
from apps.points import services
from apps.points.models import Account, Lot, Transfer
from apps.points.selectors import Wallet, transfers_of, wallet
from tests.points.makers import (
    NOW,
    broken_promises,
    claw_back,
    earn,
    make_earner,
    make_member,
    pend,
)


@pytest.fixture(autouse=True)
def ledger(db: None) -> Iterator[None]:
    yield
    assert broken_promises() == []


def test_nobody_has_points_before_the_first() -> None:
    assert wallet(make_member().pk) == Wallet(available=0, pending=0, debt=0)


def test_ann_earns_waits_and_may_spend() -> None:
    ann = make_member()
    pend(ann, 100, key="g1")
    assert wallet(ann.pk) == Wallet(pending=100)
    settled = services.points_settle(
        member_id=ann.pk, amount=60, key="g1:s", reference="grt_1", now=NOW
    )
    assert settled == services.Settled(available=60, repaid=0)
    assert wallet(ann.pk) == Wallet(available=60, pending=40)
    services.points_void(member_id=ann.pk, amount=40, key="g1:v", reference="grt_1", now=NOW)
    assert wallet(ann.pk) == Wallet(available=60)


@pytest.mark.parametrize("service", [services.points_settle, services.points_void])
def test_no_more_leaves_the_hold_than_is_on_it(service) -> None:
    ann = make_member()
    pend(ann, 10, key="g1")
    with pytest.raises(services.NotEnoughPending), transaction.atomic():
        service(member_id=ann.pk, amount=11, key="g1:x", reference="", now=NOW)
    assert wallet(ann.pk) == Wallet(pending=10)


def test_a_claw_back_takes_what_is_there_and_the_rest_is_owed() -> None:
    ann = make_earner(100)
    assert claw_back(ann, 130, key="r1") == services.ClawedBack(taken=100, owed=30)
    assert wallet(ann.pk) == Wallet(debt=-30)


def test_earnings_repay_debt_first() -> None:
    ann = make_earner(100)
    claw_back(ann, 150, key="r1")
    assert earn(ann, 20, key="g2") == services.Settled(available=0, repaid=20)
    assert earn(ann, 100, key="g3") == services.Settled(available=70, repaid=30)
    assert wallet(ann.pk) == Wallet(available=70)


def test_a_claw_back_takes_the_soonest_to_expire() -> None:
    ann = make_earner(10)
    earn(ann, 10, key="june", expires_at=NOW + dt.timedelta(days=30))
    earn(ann, 10, key="may", expires_at=NOW + dt.timedelta(days=1))
    claw_back(ann, 15, key="r1")
    left = {lot.transfer.key: lot.remaining for lot in Lot.objects.select_related("transfer")}
    assert left == {f"welcome:{ann.pk}:settle": 10, "june:settle": 5, "may:settle": 0}


CALLS = {
    "pend": (services.points_pend, 0),
    "settle": (services.points_settle, 0),
    "settle against debt": (services.points_settle, 20),
    "void": (services.points_void, 0),
    "claw back into debt": (services.points_claw_back, 0),
}
Call = partial[object]


@pytest.fixture(params=list(CALLS))
def call_and_member(request: pytest.FixtureRequest) -> tuple[Call, Member]:
    """A service that can move 45 of ann's points, some of them along a second leg, and ann."""
    service, owed = CALLS[request.param]
    ann = make_earner(20)
    if owed:
        claw_back(ann, 20 + owed, key="earlier")
    pend(ann, 100, key="on hold")
    return partial(service, key="k", reference="", now=NOW), ann


def test_the_same_key_moves_points_once(call_and_member: tuple[Call, Member]) -> None:
    call, ann = call_and_member
    first = call(member_id=ann.pk, amount=45)
    after = wallet(ann.pk), Transfer.objects.count()
    assert call(member_id=ann.pk, amount=45) == first
    assert (wallet(ann.pk), Transfer.objects.count()) == after


def test_the_same_key_with_another_amount_or_member_is_refused(
    call_and_member: tuple[Call, Member],
) -> None:
    (call, ann), bob = call_and_member, make_earner(50)
    pend(bob, 100, key="bob on hold")
    call(member_id=ann.pk, amount=45)
    for other in ({"member_id": ann.pk, "amount": 44}, {"member_id": bob.pk, "amount": 45}):
        with pytest.raises(services.TransferConflict), transaction.atomic():
            call(**other)


def test_a_key_belongs_to_one_verb() -> None:
    ann = make_earner(100)
    pend(ann, 50, key="k")
    with pytest.raises(services.TransferConflict), transaction.atomic():
        claw_back(ann, 50, key="k")


@pytest.mark.parametrize("amount", [0, -5])
def test_an_amount_is_above_zero(call_and_member: tuple[Call, Member], amount: int) -> None:
    call, ann = call_and_member
    with pytest.raises(services.PointsNotPositive), transaction.atomic():
        call(member_id=ann.pk, amount=amount)


@pytest.mark.parametrize(
    "change", [lambda rows: rows.update(amount=1), lambda rows: rows._raw_delete(rows.db)]
)
def test_the_database_refuses_to_rewrite_a_transfer(change) -> None:
    make_earner(100)
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        change(Transfer.objects.all())


@pytest.mark.parametrize(
    ("purpose", "balance"), [("available", -1), ("pending", -1), ("debt", 1), ("issuance", 1)]
)
def test_the_database_refuses_a_balance_of_the_wrong_sign(purpose: str, balance: int) -> None:
    make_earner(100)
    with pytest.raises(IntegrityError, match="balance_within_its_sign"), transaction.atomic():
        Account.objects.filter(purpose=purpose).update(balance=balance)


def test_the_database_refuses_a_purse_of_nobody() -> None:
    with pytest.raises(IntegrityError, match="purpose_fits_the_owner"), transaction.atomic():
        Account.objects.create(member=None, purpose="available")


@pytest.mark.parametrize(
    ("damage", "number"),
    [
        ("UPDATE points_account SET balance = balance + 1 WHERE purpose = 'pending'", 2),
        ("UPDATE points_lot SET remaining = remaining - 1", 2),
        ("ALTER TABLE points_transfer DISABLE TRIGGER points_transfer_immutable", 1),
    ],
)
def test_check_invariants_sees_damage(damage: str, number: int) -> None:
    make_earner(100)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # ALTER TABLE wants none outstanding
            cursor.execute(damage)
        assert broken_promises() == [number]
        transaction.set_rollback(True)


def test_transfers_of_a_member_are_theirs_alone() -> None:
    ann, _bob = make_earner(100), make_earner(50)
    assert [row.kind for row in transfers_of(ann.pk).order_by("pk")] == ["pend", "settle"]

"""Points given and taken by hand, and brought along from before."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.models import Event
from apps.members.models import Member
from apps.points import events, services
from apps.points.models import Adjustment, Lot, Programme
from apps.points.selectors import Wallet, wallet
from tests.points.makers import NOW, broken_promises, claw_back, make_earner, make_member

AGO = dt.timedelta(hours=25)


@pytest.fixture(autouse=True)
def ledger(db: None) -> Iterator[None]:
    Programme.objects.create(adjustment_limit=100, lifetime_days=3650)
    yield
    assert broken_promises() == []


@pytest.fixture
def olga(db: None) -> User:
    return User.objects.create_user("olga")


@pytest.fixture
def otto(db: None) -> User:
    return User.objects.create_user("otto")


def propose(
    operator: User, member: Member, amount: int, reason: str = "a late parcel"
) -> Adjustment:
    return services.points_adjust_propose(
        member_id=member.pk, amount=amount, reason=reason, proposed_by=operator.pk, now=NOW
    )


def decide(operator: User, row: Adjustment, *, approve: bool = True) -> Adjustment:
    return services.points_adjust_decide(
        adjustment_id=row.pk, approve=approve, decided_by=operator.pk, now=NOW
    )


def test_within_the_limit_one_operator_gives_and_takes(olga: User) -> None:
    ann = make_member()
    assert propose(olga, ann, 60).status == "approved"
    propose(olga, ann, -40)
    assert wallet(ann.pk) == Wallet(available=20)
    assert Lot.objects.get().expires_at == NOW + dt.timedelta(days=3650)
    told = Event.objects.filter(kind=events.ADJUSTED).order_by("pk")
    assert [event.payload["points"] for event in told] == [60, -40]


def test_above_the_limit_another_operator_decides(olga: User, otto: User) -> None:
    ann = make_member()
    row = propose(olga, ann, 101)
    assert (row.status, wallet(ann.pk)) == ("proposed", Wallet())
    with pytest.raises(services.SecondOperatorNeeded), transaction.atomic():
        decide(olga, row)
    assert decide(otto, row).status == "approved"
    assert wallet(ann.pk) == Wallet(available=101)
    for approve in (True, False):
        with pytest.raises(services.AdjustmentDecided), transaction.atomic():
            decide(otto, row, approve=approve)


def test_a_rejected_one_moves_nothing(olga: User, otto: User) -> None:
    ann = make_member()
    assert decide(otto, propose(olga, ann, 500), approve=False).status == "rejected"
    assert wallet(ann.pk) == Wallet()


def test_many_small_ones_are_a_large_one(olga: User, otto: User) -> None:
    ann, bob = make_member(), make_member()
    assert propose(olga, ann, 60).within_limit
    assert not propose(olga, ann, 41).within_limit
    assert propose(olga, bob, 60).within_limit
    assert propose(otto, ann, 60).within_limit
    long_ago = timezone.now() - AGO
    Adjustment.objects.filter(proposed_by=olga, within_limit=True).update(decided_at=long_ago)
    assert propose(olga, ann, 100).within_limit


def test_what_is_given_repays_debt_first(olga: User) -> None:
    ann = make_earner(50)
    claw_back(ann, 80, key="r1")
    propose(olga, ann, 40)
    assert wallet(ann.pk) == Wallet(available=10)


def test_no_more_is_taken_than_there_is(olga: User) -> None:
    ann = make_earner(50)
    with pytest.raises(services.NotEnoughPoints), transaction.atomic():
        propose(olga, ann, -51)
    assert not Adjustment.objects.exists()


@pytest.mark.parametrize("amount", [0, 10**15 + 1, -(10**15) - 1])
def test_an_amount_that_is_none(olga: User, amount: int) -> None:
    with pytest.raises(services.PointsNotPositive), transaction.atomic():
        propose(olga, make_member(), amount)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_an_adjustment_has_a_reason(olga: User, reason: str) -> None:
    with pytest.raises(services.AdjustmentReasonMissing), transaction.atomic():
        propose(olga, make_member(), 10, reason)


def test_the_database_refuses_one_operator_twice(olga: User) -> None:
    row = propose(olga, make_member(), 101)
    with pytest.raises(IntegrityError, match="two_operators"), transaction.atomic():
        Adjustment.objects.filter(pk=row.pk).update(
            status="rejected", decided_by=olga, decided_at=NOW
        )


def test_the_database_refuses_an_approval_by_nobody(olga: User) -> None:
    row = propose(olga, make_member(), 101)
    with pytest.raises(IntegrityError, match="decided_by_somebody"), transaction.atomic():
        Adjustment.objects.filter(pk=row.pk).update(status="approved", decided_at=NOW)


def test_a_balance_is_brought_along_once() -> None:
    ann, end = make_member(), timezone.now() + dt.timedelta(days=9)
    asked = {"member_id": ann.pk, "amount": 70, "expires_at": end, "key": "import:ann", "now": NOW}
    assert services.points_import(**asked) is not None
    assert services.points_import(**asked) is None
    assert wallet(ann.pk) == Wallet(available=70)
    assert Lot.objects.get().expires_at == end
    assert not Event.objects.exists()
    with pytest.raises(services.TransferConflict), transaction.atomic():
        services.points_import(**(asked | {"amount": 71}))


def test_what_is_brought_along_without_an_end_never_ends() -> None:
    ann = make_member()
    services.points_import(member_id=ann.pk, amount=5, expires_at=None, key="import:1", now=NOW)
    assert Lot.objects.get().expires_at is None

"""What is owed to ann, what is taken back of it, and what happens only once."""

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, transaction

from apps.obligations import services
from apps.obligations.models import Deduction, Payable, PayoutLine
from apps.obligations.selectors import Balance, balances
from tests.obligations.makers import (
    LATER,
    NOW,
    broken_promises,
    close,
    confirm,
    earn,
    fail,
    make_member,
    paid,
    promise,
    statement,
    take_back,
)


@pytest.fixture(autouse=True)
def promises(db: None) -> Iterator[None]:
    yield
    assert broken_promises() == []


def test_nobody_is_owed_money_before_the_first() -> None:
    assert balances(make_member().pk) == []


def test_ann_is_promised_money_waits_and_is_paid() -> None:
    ann = make_member()
    promise(ann, 100, key="g1")
    assert balances(ann.pk) == [Balance("CNY", pending_minor=100)]
    assert close(ann) is None
    services.payable_settle(key="g1", now=NOW)
    assert balances(ann.pk) == [Balance("CNY", due_minor=100)]
    payout = statement(ann)
    assert (payout.total_minor, payout.status) == (100, "requested")
    assert balances(ann.pk) == [Balance("CNY", requested_minor=100)]
    confirm(payout, "by bank")
    assert balances(ann.pk) == [Balance("CNY", paid_minor=100)]
    assert close(ann) is None


def test_a_statement_takes_all_that_is_due_in_its_currency() -> None:
    ann, bob = make_member(), make_member()
    for number, amount in enumerate((100, 20, 3)):
        earn(ann, amount, key=f"g{number}")
    earn(ann, 7, key="euro", currency="EUR")
    earn(bob, 9, key="bob")
    made = services.member_payouts_close(member_id=ann.pk, until=LATER)
    assert [(payout.currency, payout.total_minor) for payout in made] == [("CNY", 123), ("EUR", 7)]
    assert balances(bob.pk) == [Balance("CNY", due_minor=9)]


def test_what_is_due_later_waits_for_the_next() -> None:
    ann = make_member()
    earn(ann, 100, key="g1")
    assert services.member_payouts_close(member_id=ann.pk, until=NOW) == []
    first = statement(ann)
    assert (first.period_from, first.period_until) == (None, LATER)
    confirm(first)
    promise(ann, 5, key="g2")
    services.payable_settle(key="g2", now=LATER)
    assert close(ann) is None
    [second] = services.member_payouts_close(member_id=ann.pk, until=LATER + (LATER - NOW))
    assert (second.period_from, second.total_minor) == (LATER, 5)


@pytest.mark.parametrize("settled", [False, True])
def test_what_is_in_no_statement_is_simply_reduced(settled: bool) -> None:
    ann = make_member()
    (earn if settled else promise)(ann, 100, key="g1")
    assert take_back("g1", 30) == services.TakenBack(taken_minor=30, owed_minor=0)
    services.payable_settle(key="g1", now=NOW)
    assert statement(ann).total_minor == 70


def test_all_of_it_taken_back_is_void() -> None:
    ann = make_member()
    earn(ann, 100, key="g1")
    take_back("g1", 60, "r1")
    take_back("g1", 40, "r2")
    assert Payable.objects.get().status == "void"
    assert close(ann) is None
    with pytest.raises(services.PayableVoid), transaction.atomic():
        services.payable_settle(key="g1", now=NOW)


def test_what_was_paid_is_deducted_from_the_next_statement() -> None:
    ann = make_member()
    paid(ann, 100, key="g1")
    assert take_back("g1", 30) == services.TakenBack(taken_minor=0, owed_minor=30)
    assert balances(ann.pk) == [Balance("CNY", owed_minor=30, paid_minor=100)]
    earn(ann, 50, key="g2")
    payout = statement(ann)
    assert payout.total_minor == 20
    assert sorted(payout.lines.values_list("amount_minor", flat=True)) == [-30, 50]
    confirm(payout)
    assert balances(ann.pk) == [Balance("CNY", paid_minor=120)]


def test_a_debt_waits_until_more_is_due() -> None:
    ann = make_member()
    paid(ann, 100, key="g1")
    take_back("g1", 100)
    earn(ann, 100, key="g2")
    assert close(ann) is None
    assert balances(ann.pk) == [Balance("CNY", due_minor=100, owed_minor=100, paid_minor=100)]
    earn(ann, 1, key="g3")
    assert statement(ann).total_minor == 1


def test_a_debt_in_one_currency_is_none_in_another() -> None:
    ann = make_member()
    paid(ann, 100, key="g1")
    take_back("g1", 100)
    earn(ann, 40, key="g2", currency="EUR")
    payout = statement(ann)
    assert (payout.currency, payout.total_minor) == ("EUR", 40)


def test_an_open_statement_stays_as_the_shop_saw_it() -> None:
    ann = make_member()
    earn(ann, 100, key="g1")
    payout = statement(ann)
    assert take_back("g1", 30).owed_minor == 30
    payout.refresh_from_db()
    assert payout.total_minor == 100
    assert confirm(payout).status == "confirmed"
    assert balances(ann.pk) == [Balance("CNY", owed_minor=30, paid_minor=100)]


def test_nothing_is_asked_for_beside_an_open_statement() -> None:
    ann = make_member()
    earn(ann, 100, key="g1")
    first = statement(ann)
    earn(ann, 5, key="g2")
    assert close(ann) is None
    confirm(first)
    assert statement(ann).total_minor == 5


def test_a_failed_statement_gives_everything_to_the_next() -> None:
    ann = make_member()
    paid(ann, 100, key="g1")
    take_back("g1", 10)
    earn(ann, 50, key="g2")
    fail(statement(ann))
    assert balances(ann.pk) == [Balance("CNY", due_minor=50, owed_minor=10, paid_minor=100)]
    again = statement(ann)
    assert again.total_minor == 40
    confirm(again)
    assert PayoutLine.objects.filter(counts=False).count() == 2


def test_what_was_never_paid_is_not_owed_back() -> None:
    ann = make_member()
    earn(ann, 100, key="g1")
    earn(ann, 20, key="g2")
    payout = statement(ann)
    take_back("g1", 30)
    take_back("g2", 20)
    fail(payout)
    assert balances(ann.pk) == [Balance("CNY", due_minor=70)]
    assert not Deduction.objects.open().exists()
    assert statement(ann).total_minor == 70


def test_the_same_call_again_changes_nothing() -> None:
    ann = make_member()
    for _ in range(2):
        earn(ann, 100, key="g1")
        take_back("g1", 30)
    assert Payable.objects.get().left_minor == 70
    payout = statement(ann)
    for _ in range(2):
        assert confirm(payout, "once").note == "once"
    assert confirm(payout, "twice").note == "once"
    assert [take_back("g1", 5, "r2").owed_minor for _ in range(2)] == [5, 5]
    assert take_back("g1", 30) == services.TakenBack(taken_minor=30, owed_minor=0)


def test_a_statement_resolves_once() -> None:
    ann = make_member()
    first = paid(ann, 100, key="g1")
    with pytest.raises(services.PayoutResolved), transaction.atomic():
        fail(first)
    earn(ann, 5, key="g2")
    second = statement(ann)
    for _ in range(2):
        fail(second)
    with pytest.raises(services.PayoutResolved), transaction.atomic():
        confirm(second)


def test_another_thing_under_the_same_key_is_refused() -> None:
    ann = make_member()
    promise(ann, 100, key="g1")
    with pytest.raises(services.PayableConflict), transaction.atomic():
        promise(ann, 101, key="g1")
    take_back("g1", 10)
    with pytest.raises(services.PayableConflict), transaction.atomic():
        take_back("g1", 11)


def test_never_more_is_taken_back_than_there_is() -> None:
    ann = make_member()
    earn(ann, 100, key="g1")
    with pytest.raises(services.TakeBackTooMuch), transaction.atomic():
        take_back("g1", 101)
    with pytest.raises(services.PayableNotPositive), transaction.atomic():
        take_back("g1", 0)
    with pytest.raises(services.PayableUnknown), transaction.atomic():
        take_back("nobody's", 1)


@pytest.mark.parametrize(
    "change",
    [
        {"taken_back_minor": 101},
        {"status": "void"},
        {"status": "pending"},
        {"amount_minor": 0},
    ],
    ids=["more than all", "void with money left", "pending though due", "nothing"],
)
def test_the_database_refuses_what_cannot_be(change: dict[str, object]) -> None:
    earn(make_member(), 100, key="g1")
    with pytest.raises(IntegrityError), transaction.atomic():
        Payable.objects.update(**change)


def test_the_database_keeps_a_statement_as_it_was() -> None:
    ann = make_member()
    payout = paid(ann, 100, key="g1")
    for change in ({"status": "failed"}, {"total_minor": 99}):
        with pytest.raises(IntegrityError), transaction.atomic():
            type(payout).objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutLine.objects.update(amount_minor=99)

"""Statements while money moves. Each race comes with its control, where the promise breaks."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError

from apps.core.models import Event
from apps.members.models import Member
from apps.obligations import rules, selectors, services
from apps.obligations.models import (
    Deduction,
    FulfilmentQuerySet,
    Payable,
    PayableQuerySet,
    Payout,
    PayoutQuerySet,
)
from apps.obligations.services import payables
from tests.obligations.makers import (
    NOW,
    broken_promises,
    close,
    confirm,
    earn,
    fail,
    make_member,
    statement,
    take_back,
)
from tests.races.threads import Gap, at_once, attempt, without, without_row_locks


@pytest.fixture
def ann(committed: None) -> Member:
    return make_member()


@pytest.fixture
def promises() -> Iterator[None]:
    yield
    assert broken_promises() == []


def in_gap(
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    step: str,
    call: Callable[[], Any],
    meanwhile: Callable[[], Any],
) -> list[Any]:
    """What `call` and, in its gap after `step`, `meanwhile` came to."""
    gap = Gap(getattr(where, step), meanwhile)
    monkeypatch.setattr(where, step, gap)
    return [attempt(call), gap.outcome]


def two_closes(monkeypatch: pytest.MonkeyPatch, ann: Member) -> list[Any]:
    earn(ann, 100, key="g1")
    return in_gap(monkeypatch, rules, "statement_total", lambda: close(ann), lambda: close(ann))


def test_two_closes_make_one_statement(ann: Member, promises: None, monkeypatch) -> None:
    first, second = two_closes(monkeypatch, ann)
    assert first.total_minor == 100
    assert second is None


def test_control_without_the_lock_one_is_refused(
    ann: Member, promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    first, second = two_closes(monkeypatch, ann)
    # The unique key still keeps the money whole, but a sweeper has failed.
    assert isinstance(first, IntegrityError)
    assert second.total_minor == 100


def test_control_without_any_guard_money_is_asked_for_twice(
    ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    monkeypatch.setattr(PayableQuerySet, "unstated", lambda rows: rows.filter(status="due"))
    with (
        without("obligations_payout", "one_open_payout_per_member"),
        without("obligations_payoutline", "payable_in_one_payout"),
    ):
        two_closes(monkeypatch, ann)
        assert sum(Payout.objects.values_list("total_minor", flat=True)) == 200
        assert len(broken_promises()) >= 2


def test_eight_closes_at_once(ann: Member, promises: None) -> None:
    for number in range(5):
        earn(ann, 10, key=f"g{number}")
    outcomes = at_once(*[lambda: close(ann)] * 8)
    assert [payout.total_minor for payout in outcomes if payout] == [50]


def confirm_and_fail(monkeypatch: pytest.MonkeyPatch, ann: Member) -> list[Any]:
    earn(ann, 100, key="g1")
    payout = statement(ann)
    return in_gap(
        monkeypatch,
        selectors,
        "payout_by_public_id",
        lambda: confirm(payout),
        lambda: fail(payout),
    )


def test_a_statement_that_failed_is_not_confirmed(
    ann: Member, promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed, failed = confirm_and_fail(monkeypatch, ann)
    assert isinstance(confirmed, services.PayoutResolved)
    assert failed.status == "failed"


def test_control_without_the_condition_the_trigger_refuses(
    ann: Member, promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PayoutQuerySet, "requested", lambda rows: rows.all())
    confirmed, failed = confirm_and_fail(monkeypatch, ann)
    assert isinstance(confirmed, IntegrityError)
    assert failed.status == "failed"


def test_control_without_condition_and_trigger_it_is_paid_and_due_again(
    ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        without("obligations_payout", "payout_resolved_is_final"),
        without("obligations_payout", "payout_resolved_when_it_says_so"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(PayoutQuerySet, "requested", lambda rows: rows.all())
            confirm_and_fail(patched, ann)
        assert Payout.objects.get().status == "confirmed"
        assert Payable.objects.unstated().count() == 1
        assert broken_promises() != []


def confirm_twice(monkeypatch: pytest.MonkeyPatch, ann: Member) -> list[Any]:
    earn(ann, 100, key="g1")
    payout = statement(ann)
    return in_gap(
        monkeypatch,
        selectors,
        "payout_by_public_id",
        lambda: confirm(payout, "late"),
        lambda: confirm(payout, "first"),
    )


def test_confirmed_twice_at_once_is_confirmed_once(
    ann: Member, promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = confirm_twice(monkeypatch, ann)
    assert [done.note for done in outcomes] == ["first", "first"]
    assert Event.objects.filter(kind="payout.confirmed").count() == 1


def test_control_without_the_condition_the_second_overwrites_the_first(
    ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PayoutQuerySet, "requested", lambda rows: rows.all())
    assert [done.note for done in confirm_twice(monkeypatch, ann)] == ["late", "first"]
    assert Payout.objects.get().note == "late"


def test_eight_confirm_at_once(ann: Member, promises: None) -> None:
    earn(ann, 100, key="g1")
    payout = statement(ann)
    outcomes = at_once(*(lambda n=n: confirm(payout, f"note {n}") for n in range(8)))
    assert len({done.note for done in outcomes}) == 1
    assert Event.objects.filter(kind="payout.confirmed").count() == 1


def close_while_taking_back(monkeypatch: pytest.MonkeyPatch, ann: Member) -> list[Any]:
    earn(ann, 100, key="g1")
    return in_gap(monkeypatch, payables, "_lock", lambda: take_back("g1", 30), lambda: close(ann))


def test_a_statement_waits_for_a_take_back(
    ann: Member, promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, made = close_while_taking_back(monkeypatch, ann)
    assert taken == services.TakenBack(taken_minor=30, owed_minor=0)
    assert made.total_minor == 70


def test_control_without_the_lock_a_take_back_is_lost(
    ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    taken, made = close_while_taking_back(monkeypatch, ann)
    assert taken == services.TakenBack(taken_minor=30, owed_minor=0)
    assert made.total_minor == 100
    assert broken_promises() != []


def fail_while_taking_back(monkeypatch: pytest.MonkeyPatch, ann: Member) -> list[Any]:
    earn(ann, 100, key="g1")
    payout = statement(ann)
    return in_gap(monkeypatch, payables, "_lock", lambda: take_back("g1", 30), lambda: fail(payout))


def test_what_is_taken_back_of_a_failing_statement_is_not_owed(
    ann: Member, promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_while_taking_back(monkeypatch, ann)
    assert not Deduction.objects.open().exists()
    assert statement(ann).total_minor == 70


def test_control_without_the_lock_it_is_taken_twice(
    ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    fail_while_taking_back(monkeypatch, ann)
    assert Deduction.objects.open().count() == 1
    assert statement(ann).total_minor == 40
    assert broken_promises() != []


def test_a_confirmed_statement_and_a_take_back_go_together(ann: Member, promises: None) -> None:
    earn(ann, 100, key="g1")
    payout = statement(ann)
    done, taken = at_once(lambda: confirm(payout), lambda: take_back("g1", 30))
    assert (done.total_minor, done.status) == (100, "confirmed")
    assert taken.owed_minor == 30


def test_twenty_take_back_of_one_payable(ann: Member, promises: None) -> None:
    earn(ann, 100, key="g1")
    outcomes = at_once(*(lambda n=n: take_back("g1", 10, f"r{n}") for n in range(20)))
    taken = [done for done in outcomes if isinstance(done, services.TakenBack)]
    assert sum(done.taken_minor for done in taken) == 100
    assert {type(done) for done in outcomes} == {services.TakenBack, services.TakeBackTooMuch}


def withdraw_and_confirm(monkeypatch: pytest.MonkeyPatch, ann: Member) -> list[Any]:
    gift = services.fulfilment_promise(
        member_id=ann.pk, gift="A tea pot", quantity=1, key="g1", reference="", now=NOW
    )
    services.fulfilment_release(key="g1", now=NOW)
    return in_gap(
        monkeypatch,
        selectors,
        "fulfilment_by_public_id",
        lambda: services.fulfilment_confirm(
            public_id=gift.public_id, is_test=False, note="", now=NOW
        ),
        lambda: services.fulfilment_withdraw(key="g1", now=NOW),
    )


def test_a_gift_that_was_withdrawn_is_not_confirmed(
    ann: Member, promises: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed, withdrawn = withdraw_and_confirm(monkeypatch, ann)
    assert isinstance(confirmed, services.FulfilmentResolved)
    assert withdrawn is True


def test_control_without_condition_and_trigger_it_is_given_and_taken_back(
    ann: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FulfilmentQuerySet, "requested", lambda rows: rows.all())
    with (
        without("obligations_fulfilment", "fulfilment_resolved_is_final"),
        without("obligations_fulfilment", "fulfilment_stamped_as_it_says"),
    ):
        confirmed, withdrawn = withdraw_and_confirm(monkeypatch, ann)
        assert confirmed.status == "confirmed"
        assert withdrawn is True

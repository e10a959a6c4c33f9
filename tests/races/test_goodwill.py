"""Two decide one proposal, two sweepers make one grant, and a sweeper dies in the middle."""

from typing import Any

import pytest
from django.db import connection

from apps.campaigns.models import Budget
from apps.campaigns.rules import AwardKind
from apps.core.clock import engine_now
from apps.points.selectors import wallet
from apps.rewards import services
from apps.rewards.models import ClawBack, Goodwill, Grant
from apps.rewards.services import Hand, Present, goodwill, voiding
from tests.makers import make_campaign, make_member, now
from tests.races.threads import (
    Gap,
    at_once,
    attempt,
    broken_promises,
    without,
    without_row_locks,
)


def make_proposal(*names: str, **given: Any) -> Goodwill:
    """Olga's: 100 points for each."""
    return services.goodwill_propose(
        campaign=make_campaign(**given),
        present=Present(AwardKind.POINTS, 100),
        member_ids=[make_member(name).pk for name in names or ("ann", "bob", "cleo")],
        reason="Late parcels.",
        by=Hand(key="key_olga"),
        now=now(),
    )


def approve(row: Goodwill, key: str = "key_otto") -> Goodwill:
    return services.goodwill_approve(
        public_id=row.public_id, is_test=False, by=Hand(key=key), now=now()
    )


def reject(row: Goodwill) -> Goodwill:
    return services.goodwill_reject(
        public_id=row.public_id, is_test=False, by=Hand(key="key_dave"), now=now()
    )


def approved(*names: str, **given: Any) -> Goodwill:
    return approve(make_proposal(*names, **given))


# Approved against rejected.


def two_decide(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], Goodwill]:
    """Dave rejects while otto stands between looking at the proposal and approving it."""
    row = make_proposal()
    gap = Gap(goodwill.proposed_by, lambda: reject(row))
    monkeypatch.setattr(goodwill, "proposed_by", gap)
    outcomes = [attempt(lambda: approve(row)), gap.outcome]
    row.refresh_from_db()
    return outcomes, row


def test_approved_and_rejected_at_once(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes, row = two_decide(monkeypatch)
    assert [type(outcome) for outcome in outcomes] == [Goodwill, services.GoodwillDecided]
    assert (row.status, row.decided_with) == ("approved", "key_otto")


def test_control_without_the_lock_both_decide(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    outcomes, _ = two_decide(monkeypatch)
    assert [type(outcome) for outcome in outcomes] == [Goodwill, Goodwill]


def test_eight_approve_at_once(promised: None) -> None:
    row = make_proposal()
    outcomes = at_once(*(lambda n=n: approve(row, f"key_{n}") for n in range(8)))
    kinds = [type(outcome) for outcome in outcomes]
    assert (kinds.count(Goodwill), kinds.count(services.GoodwillDecided)) == (1, 7)


# Two sweepers.


def two_sweepers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comes while the first stands before it makes ann's grant."""
    approved("ann")
    gap = Gap(engine_now, services.goodwill_make)
    monkeypatch.setattr(goodwill, "engine_now", gap)
    services.goodwill_make()
    assert isinstance(gap.outcome, int)


def test_two_sweepers_make_one_grant(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    two_sweepers(monkeypatch)
    assert Grant.objects.count() == 1


def test_control_without_lock_and_constraint_she_gets_it_twice(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    with without("rewards_grant", "grant_once"):
        two_sweepers(monkeypatch)
        assert Grant.objects.count() == 2
        assert broken_promises() == {4}


def test_eight_sweepers_at_once(promised: None) -> None:
    row = approved(*(f"member-{n}" for n in range(20)), budget_minor=1_500)
    at_once(*(services.goodwill_make for _ in range(8)))
    services.goodwill_make()
    row.refresh_from_db()
    assert row.done_at is not None
    assert (row.grants.count(), len(row.refusals)) == (15, 5)
    assert Budget.objects.get().reserved_minor == 1_500


class Killed(BaseException):
    """What no sweeper catches."""


def test_killed_in_the_middle_the_rest_is_made_later(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = approved()
    with monkeypatch.context() as patch:
        calls = iter((False, True))

        def reserve(**given: Any) -> bool:
            if next(calls):
                raise Killed
            return real(**given)

        real = goodwill.budget_reserve
        patch.setattr(goodwill, "budget_reserve", reserve)
        with pytest.raises(Killed):
            services.goodwill_make()
    connection.close()
    assert row.grants.count() == 1  # bob's had no effect at all
    services.goodwill_make()
    row.refresh_from_db()
    assert row.grants.count() == 3
    assert row.done_at is not None


# Voided twice.


def void(grant: Grant, reason: str) -> Grant:
    return services.grant_void(
        public_id=grant.public_id, is_test=False, reason=reason, by="olga", now=now()
    )


def two_void(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    approved("ann", "bob")
    services.goodwill_make()
    services.grants_settle()
    grant = Grant.objects.order_by("pk")[0]
    gap = Gap(lambda **given: purses_lock(**given), lambda: void(grant, "Twice."))
    purses_lock = voiding.purses_lock
    monkeypatch.setattr(voiding, "purses_lock", gap)
    return [attempt(lambda: void(grant, "Once.")), gap.outcome]


def test_voided_twice_at_once_it_is_taken_once(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = two_void(monkeypatch)
    assert [type(outcome) for outcome in outcomes] == [Grant, services.GrantNotVoidable]
    assert ClawBack.objects.count() == 1
    assert wallet(Grant.objects.order_by("pk")[0].member_id).available == 0
    assert Budget.objects.get().spent_minor == 100


def test_control_without_the_lock_it_is_taken_twice(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    two_void(monkeypatch)
    assert ClawBack.objects.count() == 2
    assert {5, 12} <= broken_promises()

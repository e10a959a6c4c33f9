"""Statements that make themselves."""

import datetime as dt
from collections.abc import Iterable

import pytest
from django.core.management import call_command
from django.db import transaction

from apps.core.clock import engine_now
from apps.core.models import Event
from apps.core.sweepers import run_due
from apps.obligations import rules, services
from apps.obligations.models import Payout, PayoutPlan
from apps.obligations.rules import statement_total
from apps.obligations.services import plans
from tests.obligations.makers import broken_promises, confirm, earn, make_member, take_back


def plan(schedule: str = "monthly", minimum: int = 1, *, is_test: bool = False) -> PayoutPlan:
    return services.plan_change(
        is_test=is_test, schedule=schedule, day=1, time_zone="UTC", minimum_minor=minimum
    )


def fall_due(is_test: bool = False) -> dt.datetime:
    """Let the plan's moment be a minute ago."""
    moment = engine_now() - dt.timedelta(minutes=1)
    PayoutPlan.objects.filter(is_test=is_test).update(next_at=moment)
    return moment


def sweep() -> int:
    return run_due()["statements to make"]


def totals() -> list[int]:
    return list(Payout.objects.order_by("pk").values_list("total_minor", flat=True))


@pytest.mark.usefixtures("committed")
class TestSweeping:
    def test_nothing_happens_before_its_moment(self) -> None:
        plan()
        earn(make_member(), 100, key="g1")
        assert sweep() == 0

    def test_everybody_gets_a_statement_once(self) -> None:
        plan()
        ann, bob, cleo = (make_member() for _ in range(3))
        earn(ann, 100, key="ann")
        earn(ann, 7, key="euro", currency="EUR")
        earn(bob, 9, key="bob")
        moment = fall_due()
        assert sweep() == 3
        assert sorted(totals()) == [7, 9, 100]
        assert not cleo.payouts.exists()
        after = PayoutPlan.objects.get()
        assert after.next_at is not None
        assert after.next_at > engine_now() > moment
        assert sweep() == 0
        assert Event.objects.filter(kind="payout.requested").count() == 3
        assert broken_promises() == []

    def test_less_than_the_minimum_waits(self) -> None:
        plan("daily", minimum=100)
        ann = make_member()
        earn(ann, 60, key="g1")
        fall_due()
        assert sweep() == 0
        earn(ann, 60, key="g2")
        fall_due()
        assert sweep() == 1
        assert totals() == [120]

    def test_who_owes_more_than_is_due_gets_none(self) -> None:
        plan()
        ann = make_member()
        earn(ann, 100, key="g1")
        fall_due()
        sweep()
        confirm(Payout.objects.get())
        take_back("g1", 100)
        earn(ann, 40, key="g2")
        fall_due()
        assert sweep() == 0
        after = PayoutPlan.objects.get()
        assert after.next_at is not None
        assert after.next_at > engine_now()

    def test_test_members_have_a_plan_of_their_own(self) -> None:
        plan()
        plan(is_test=True)
        earn(make_member(is_test=True), 100, key="test")
        earn(make_member(), 5, key="live")
        fall_due(is_test=True)
        assert sweep() == 1
        assert totals() == [100]
        assert Event.objects.get(kind="payout.requested").is_test

    def test_more_members_than_fit_into_a_sweep(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(plans, "MEMBERS_AT_ONCE", 2)
        plan()
        for number in range(5):
            earn(make_member(), 10, key=f"g{number}")
        fall_due()
        assert [sweep() for _ in range(5)] == [2, 2, 1, 0, 0]

    def test_one_that_fails_stops_no_other_and_stays_due(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan()
        for amount in (10, 13, 20):
            earn(make_member(), amount, key=f"g{amount}")

        def unlucky(dues: Iterable[int], owed: Iterable[int], **terms: int) -> int | None:
            total = statement_total(dues, owed, **terms)
            assert total != 13, "a bad day"
            return total

        fall_due()
        with monkeypatch.context() as patched:
            patched.setattr(rules, "statement_total", unlucky)
            assert [sweep() for _ in range(2)] == [2, 0]
        assert [sweep() for _ in range(2)] == [1, 0]

    def test_by_hand_and_by_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert plan("by_hand", minimum=50).next_at is None
        earn(make_member(), 40, key="g1")
        call_command("close_payouts")
        call_command("close_payouts", minimum=1)
        assert capsys.readouterr().out == "0 statements made.\n1 statements made.\n"


@pytest.mark.django_db
def test_a_first_look_makes_the_plan() -> None:
    first = services.plan_open(is_test=False)
    assert (first.schedule, first.time_zone) == ("monthly", "UTC")
    assert first.next_at is not None
    assert first.next_at.day == 1
    assert services.plan_open(is_test=False) == first


@pytest.mark.django_db
def test_no_such_time_zone() -> None:
    for name in ("Mars/Olympus", "../etc", ""):
        with pytest.raises(services.TimeZoneUnknown), transaction.atomic():
            services.plan_change(
                is_test=False, schedule="daily", day=1, time_zone=name, minimum_minor=1
            )


@pytest.mark.django_db
def test_a_settled_payable_is_enough_for_statements_to_come() -> None:
    earn(make_member(), 100, key="g1")
    assert PayoutPlan.objects.get(is_test=False).next_at is not None

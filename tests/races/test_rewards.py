"""Processors at once: budgets, first orders, one event, and refunds against settling."""

from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import F

from apps.campaigns.models import Budget
from apps.campaigns.rules import Beneficiary, OrderFacts, Trigger
from apps.checkout.services import order_report, refund_report, sales
from apps.core import subscriptions
from apps.core.models import Event
from apps.core.services import event_process_next, event_record, events_process
from apps.invites.selectors import Brought
from apps.members.models import Member
from apps.orders import services as orders
from apps.orders.models import Order
from apps.orders.rules import RefundAsk
from apps.orders.services import LineReport, OrderReport
from apps.points.selectors import Wallet, wallet
from apps.rewards import subjects
from apps.rewards.models import Decision, Grant
from apps.rewards.services import granting, grants_settle, settling
from tests.makers import make_campaign, make_member, now
from tests.races.threads import (
    Gap,
    at_once,
    attempt,
    broken_promises,
    each,
    without,
    without_row_locks,
)

BUYER = Beneficiary.MEMBER


def buy(member: Member, order_id: str) -> Order:
    return order_report(
        report=OrderReport(
            order_id=order_id,
            member_id=member.pk,
            currency="CNY",
            paid_minor=1000,
            occurred_at=now(),
            lines=(LineReport("1", "tea", 1, 1000),),
        ),
        brought=Brought(),
        now=now(),
    ).order


def make_buyers_campaign(*, budget_minor: int | None = None, **terms: Any) -> Any:
    """Ten points, which cost 10, for every order."""
    return make_campaign(
        (Trigger.ORDER_PAID, BUYER, terms), enrolment="everyone", budget_minor=budget_minor
    )


def still_to_come(kind: str) -> None:
    """Leave only events of this kind to be processed."""
    Event.objects.exclude(kind=kind).filter(status="pending").delete()


# The budget.


def test_two_hundred_events_against_a_budget_for_ten(promised: None) -> None:
    campaign = make_buyers_campaign(budget_minor=105, hold_seconds=600)
    buyers = [make_member() for _ in range(20)]
    for number in range(200):
        buy(buyers[number % 20], f"o{number}")
    still_to_come("order.paid")
    assert sum(at_once(*(events_process for _ in range(6)))) >= 200
    events_process()
    budget = Budget.objects.get(campaign=campaign)
    assert (budget.reserved_minor, budget.spent_minor) == (100, 0)
    assert Grant.objects.count() == 10
    assert not Event.objects.exclude(status="done").exists()
    refused = [row.refusals[0]["reason"] for row in Decision.objects.exclude(refusals=[])]
    assert refused == ["budget_spent"] * 190


def two_for_the_last_grant(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The budget has room for one more; two orders find that out."""
    campaign = make_buyers_campaign(budget_minor=10, hold_seconds=600)
    buy(make_member("ann"), "anns")
    buy(make_member("bob"), "bobs")
    still_to_come("order.paid")
    gap = Gap(granting.award_cost_minor, event_process_next)
    monkeypatch.setattr(granting, "award_cost_minor", gap)
    assert event_process_next()
    assert gap.outcome is True
    events_process()
    return Budget.objects.get(campaign=campaign)


def reserve_after_looking(*, campaign_id: int, cost_minor: int) -> bool:
    """What budget_reserve must not be: a look, and then a change."""
    seen = Budget.objects.get(campaign_id=campaign_id)
    fits = seen.amount_minor is None or seen.amount_minor >= seen.reserved_minor + cost_minor
    look(seen)
    if fits:
        Budget.objects.filter(pk=seen.pk).update(reserved_minor=F("reserved_minor") + cost_minor)
    return fits


def look(seen: Budget) -> None:
    """The gap between the look and the change."""


def test_the_last_grant_goes_to_one(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = two_for_the_last_grant(monkeypatch)
    assert budget.reserved_minor == 10
    assert Grant.objects.count() == 1


def test_control_a_look_and_then_a_change_overspends(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_buyers_campaign(budget_minor=10, hold_seconds=600)
    for name in ("ann", "bob"):
        buy(make_member(name), f"{name}s")
    still_to_come("order.paid")
    monkeypatch.setattr(granting, "budget_reserve", reserve_after_looking)
    gap = Gap(look, event_process_next)
    monkeypatch.setattr("tests.races.test_rewards.look", gap)
    with without("campaigns_budget", "budget_not_overspent"):
        assert event_process_next()
        assert gap.outcome is True
        assert Budget.objects.get(campaign=campaign).reserved_minor == 20
        assert Grant.objects.count() == 2
        assert broken_promises() == {5}


def test_control_a_look_and_then_a_change_is_refused_by_the_check(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_buyers_campaign(budget_minor=10, hold_seconds=600)
    for name in ("ann", "bob"):
        buy(make_member(name), f"{name}s")
    still_to_come("order.paid")
    monkeypatch.setattr(granting, "budget_reserve", reserve_after_looking)
    monkeypatch.setattr("tests.races.test_rewards.look", Gap(look, event_process_next))
    assert event_process_next()
    assert Budget.objects.get(campaign=campaign).reserved_minor == 10
    assert Event.objects.filter(
        status="pending", attempts=1, last_error__contains="budget_not"
    ).exists()


# The first order.


def test_two_processors_on_two_orders_of_one_member(promised: None) -> None:
    make_buyers_campaign(first_order_only=True)
    members = [make_member() for _ in range(10)]
    for member in members:
        for number in range(2):
            buy(member, f"{member.pk}-{number}")
    assert sum(at_once(events_process, events_process)) > 0
    events_process()
    assert Grant.objects.count() == 10
    assert {wallet(member.pk).pending for member in members} == {10}


def test_control_counting_in_the_processor_finds_two_first_orders(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_buyers_campaign(first_order_only=True)
    ann = make_member("ann")
    buy(ann, "o1")
    buy(ann, "o2")
    still_to_come("order.paid")

    def counted(nth: int, **facts: Any) -> OrderFacts:
        earlier = Grant.objects.filter(member=ann).count()
        return OrderFacts(nth=earlier + 1, **facts)

    gap = Gap(counted, event_process_next)
    monkeypatch.setattr(subjects, "OrderFacts", gap)
    assert event_process_next()
    assert gap.outcome is True
    assert Grant.objects.filter(member=ann).count() == 2


def two_orders_at_once(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The number of ann's next order is found; before it is written, she has another order."""
    ann = make_member("ann")
    gap = Gap(orders._next_nth, lambda: buy(ann, "o2"))
    monkeypatch.setattr(orders, "_next_nth", gap)
    return attempt(lambda: buy(ann, "o1")), gap.outcome


def test_two_orders_recorded_at_once(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = two_orders_at_once(monkeypatch)
    assert (first.nth, second.nth) == (1, 2)


def test_many_orders_recorded_at_once(promised: None) -> None:
    ann = make_member("ann")
    outcomes = at_once(*each(lambda n: buy(ann, f"o{n}"), *range(8)))
    assert sorted(order.nth for order in outcomes) == list(range(1, 9))


def test_control_without_the_lock_the_unique_key_still_refuses(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    first, second = two_orders_at_once(monkeypatch)
    assert isinstance(first, IntegrityError)
    assert second.nth == 1


def test_control_without_lock_and_unique_key_both_are_first(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    with without("orders_order", "order_nth_once"):
        first, second = two_orders_at_once(monkeypatch)
        assert (first.nth, second.nth) == (1, 1)
        assert broken_promises() == {4}


# One event.


def seen_by_two(monkeypatch: pytest.MonkeyPatch) -> tuple[int, Any]:
    """How often one event took effect, and what the second processor found."""
    effects: list[int] = []
    gap = Gap(lambda event: effects.append(event.pk), event_process_next)
    monkeypatch.setitem(subscriptions._subscribers, "parade.seen", [(1, gap)])
    event_record(key="parade", kind="parade.seen", payload={}, occurred_at=now())
    assert event_process_next()
    return len(effects), gap.outcome


def test_one_event_for_two_processors(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen_by_two(monkeypatch) == (1, False)
    assert not event_process_next()


def test_control_without_the_claim_an_event_takes_effect_twice(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    assert seen_by_two(monkeypatch) == (2, True)


def test_processors_share_the_work(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    effects: list[int] = []
    counting = [(1, lambda event: effects.append(event.pk))]
    monkeypatch.setitem(subscriptions._subscribers, "parade.seen", counting)
    for number in range(40):
        event_record(key=f"parade-{number}", kind="parade.seen", payload={}, occurred_at=now())
    done = at_once(*(events_process for _ in range(4)))
    assert sum(done) + events_process() == 40
    assert len(effects) == len(set(effects)) == 40


# A refund against settling.


def refund_while_settling(monkeypatch: pytest.MonkeyPatch) -> tuple[Member, Any, Any]:
    """Ann's first grant is being settled; before it is, its order is refunded and decided again."""
    make_buyers_campaign()
    ann = make_member("ann")
    buy(ann, "o1")
    buy(ann, "o2")
    events_process()
    assert wallet(ann.pk) == Wallet(pending=20)

    def refunded() -> int:
        refund_report(order_id="o1", refund_id="r1", ask=RefundAsk(), occurred_at=now())
        return events_process()

    gap = Gap(settling.engine_now, refunded)
    monkeypatch.setattr(settling, "engine_now", gap)
    return ann, attempt(grants_settle), gap.outcome


def test_a_refund_against_settling(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, settled, _ = refund_while_settling(monkeypatch)
    assert settled == 2
    events_process()
    assert wallet(ann.pk) == Wallet(available=10)
    assert sorted(Grant.objects.values_list("status", flat=True)) == ["clawed_back", "settled"]


def test_control_without_the_locks_a_void_grant_is_settled(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    with (
        without("campaigns_budget", "budget_not_negative"),
        without("points_account", "balance_within_its_sign"),
    ):
        refund_while_settling(monkeypatch)
        assert {2, 12} & broken_promises()


def test_a_paid_order_is_kept_when_the_budget_ends_meanwhile(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the joining nothing but the tail is left: the order stays, uncounted."""
    campaign = make_buyers_campaign(budget_minor=10)
    kept_back = Budget.objects.filter(campaign=campaign)
    gap = Gap(sales.admits_newcomers, lambda: kept_back.update(tail_bps=10_000))
    monkeypatch.setattr(sales, "admits_newcomers", gap)
    buy(make_member("ann"), "anns")
    assert gap.outcome == 1
    assert Order.objects.get().campaigns.count() == 0

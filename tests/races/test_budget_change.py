"""An operator lowers a budget while a grant takes from it."""

from typing import Any

import pytest

from apps.campaigns.models import Budget, Campaign
from apps.campaigns.services import (
    BudgetTooSmall,
    budget_change,
    budget_free,
    budget_reserve,
    budgets,
)
from tests.makers import make_campaign
from tests.races.threads import Gap, at_once, attempt, broken_promises, each, without

Q = budgets.Q


def used_and_amount(campaign: Campaign) -> tuple[int, int | None]:
    budget = Budget.objects.get(campaign=campaign)
    return budget.used_minor, budget.amount_minor


def put_back(campaign: Campaign) -> None:
    """No grant stands behind what these tests take."""
    used, _ = used_and_amount(campaign)
    budget_free(campaign_id=campaign.pk, reserved_minor=used)


def lower(campaign: Campaign) -> Budget:
    return budget_change(campaign_id=campaign.pk, amount_minor=50)


def take(campaign: Campaign) -> bool:
    return budget_reserve(campaign_id=campaign.pk, cost_minor=80)


def lowered_meanwhile(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The operator's change is about to be written; before it is, 80 are taken."""
    gap = Gap(Q, lambda: take(campaign))
    monkeypatch.setattr(budgets, "Q", gap)
    return [attempt(lambda: lower(campaign)), gap.outcome]


def test_what_was_taken_meanwhile_refuses_the_change(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(budget_minor=100)
    changed, taken = lowered_meanwhile(campaign, monkeypatch)
    assert isinstance(changed, BudgetTooSmall)
    assert taken is True
    assert used_and_amount(campaign) == (80, 100)
    put_back(campaign)


def test_one_of_the_two_wins_whoever_comes_first(promised: None) -> None:
    for _ in range(5):
        campaign = make_campaign(budget_minor=100)
        at_once(*each(lambda call, of=campaign: call(of), lower, take))
        assert used_and_amount(campaign) in ((80, 100), (0, 50))
        put_back(campaign)


def change_after_looking(*, campaign_id: int, amount_minor: int) -> None:
    """What budget_change must not be: a look, and then a change."""
    seen = Budget.objects.get(campaign_id=campaign_id)
    if seen.used_minor > amount_minor:
        raise BudgetTooSmall()
    look()
    Budget.objects.filter(pk=seen.pk).update(amount_minor=amount_minor)


def look() -> None:
    """The gap between the look and the change."""


def test_control_a_look_and_then_a_change_is_less_than_what_is_used(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(budget_minor=100)
    gap = Gap(look, lambda: take(campaign))
    monkeypatch.setattr("tests.races.test_budget_change.look", gap)
    with without("campaigns_budget", "budget_not_overspent"):
        attempt(lambda: change_after_looking(campaign_id=campaign.pk, amount_minor=50))
        assert gap.outcome is True
        assert used_and_amount(campaign) == (80, 50)
        assert broken_promises() == {5}


def test_control_the_check_refuses_it_too(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_campaign(budget_minor=100)
    gap = Gap(look, lambda: take(campaign))
    monkeypatch.setattr("tests.races.test_budget_change.look", gap)
    change = attempt(lambda: change_after_looking(campaign_id=campaign.pk, amount_minor=50))
    assert "budget_not_overspent" in str(change)
    assert used_and_amount(campaign) == (80, 100)
    put_back(campaign)

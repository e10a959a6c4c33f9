"""Changing a budget, its warning and its tail."""

import pytest
from django.db import transaction

from apps.campaigns.models import Budget
from apps.campaigns.selectors import admits_newcomers
from apps.campaigns.services import BudgetTooSmall, budget_change, budget_free, budget_reserve
from apps.core.models import Event
from tests.makers import make_campaign

pytestmark = pytest.mark.django_db


def told(kind: str) -> int:
    return Event.objects.filter(kind=kind).count()


def test_a_budget_is_not_set_below_what_is_used() -> None:
    campaign = make_campaign(budget_minor=1000)
    assert budget_reserve(campaign_id=campaign.pk, cost_minor=600)
    with pytest.raises(BudgetTooSmall) as refused, transaction.atomic():
        budget_change(campaign_id=campaign.pk, amount_minor=599)
    assert refused.value.code == "budget_too_small"
    assert budget_change(campaign_id=campaign.pk, amount_minor=600).amount_minor == 600
    assert not budget_reserve(campaign_id=campaign.pk, cost_minor=1)
    assert budget_change(campaign_id=campaign.pk, amount_minor=None).amount_minor is None
    assert budget_reserve(campaign_id=campaign.pk, cost_minor=1)


def test_a_raised_budget_warns_again() -> None:
    campaign = make_campaign(budget_minor=1000)
    assert budget_reserve(campaign_id=campaign.pk, cost_minor=800)
    assert told("budget.warned") == 1
    assert budget_change(campaign_id=campaign.pk, amount_minor=2000).warned_at is None
    assert budget_change(campaign_id=campaign.pk, amount_minor=1000).warned_at is None
    assert budget_reserve(campaign_id=campaign.pk, cost_minor=10)
    assert told("budget.warned") == 2
    still = budget_change(campaign_id=campaign.pk, amount_minor=900)
    assert still.warned_at is not None


def test_a_lowered_tail_admits_again() -> None:
    campaign = make_campaign(budget_minor=1000)
    budget_change(campaign_id=campaign.pk, amount_minor=1000, tail_bps=5000)
    assert budget_reserve(campaign_id=campaign.pk, cost_minor=500)
    assert told("budget.tail_reached") == 1
    assert not admits_newcomers(campaign)
    budget = budget_change(campaign_id=campaign.pk, amount_minor=1000, tail_bps=1000)
    assert (budget.tail_minor, budget.tail_reached_at) == (100, None)
    assert admits_newcomers(campaign)


def test_the_amount_alone_leaves_the_tail() -> None:
    campaign = make_campaign(budget_minor=1000)
    budget_change(campaign_id=campaign.pk, amount_minor=1000, tail_bps=2500)
    budget_change(campaign_id=campaign.pk, amount_minor=3000)
    assert Budget.objects.get().tail_bps == 2500


def test_what_is_freed_can_be_taken_from_the_budget() -> None:
    campaign = make_campaign(budget_minor=1000)
    assert budget_reserve(campaign_id=campaign.pk, cost_minor=600)
    budget_free(campaign_id=campaign.pk, reserved_minor=600)
    assert budget_change(campaign_id=campaign.pk, amount_minor=0).amount_minor == 0


def test_a_tail_is_rounded_up() -> None:
    budget = Budget(amount_minor=999, tail_bps=1)
    assert budget.tail_minor == 1

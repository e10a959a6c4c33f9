"""A cost is taken back once, and of two sweepers one looks a campaign over."""

import datetime as dt
from typing import Any

import pytest

from apps.campaigns.models import CampaignCost, Watch
from apps.campaigns.selectors import costs_minor
from apps.campaigns.services import (
    CostAlreadyReversed,
    CostAuthor,
    CostReport,
    cost_enter,
    cost_reverse,
    watch_claim,
)
from apps.core.clock import engine_now
from apps.reports.services import alerting
from tests.makers import make_campaign, now
from tests.races.threads import Gap, at_once, attempt, without, without_row_locks

SHOP = CostAuthor(key="key_shop")
HOUR = dt.timedelta(hours=1)


def a_cost() -> CampaignCost:
    today = now().date()
    report = CostReport("ads", 700, "CNY", today, today)
    return cost_enter(campaign=make_campaign(), report=report, author=SHOP, now=now())


def reverse(cost: CampaignCost) -> Any:
    return cost_reverse(cost_id=cost.pk, note="", author=SHOP, now=now())


def reversed_meanwhile(cost: CampaignCost, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One reversal has looked and is about to be written; before it is, another one runs."""
    looked = Gap(lambda: None, lambda: reverse(cost))
    create = CampaignCost.objects.create

    def after_looking(**given: Any) -> CampaignCost:
        looked()
        return create(**given)

    monkeypatch.setattr(CampaignCost.objects, "create", after_looking)
    return [attempt(lambda: reverse(cost)), looked.outcome]


def test_of_two_reversals_one_is_refused(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cost = a_cost()
    first, second = reversed_meanwhile(cost, monkeypatch)
    assert isinstance(first, CampaignCost)
    assert isinstance(second, CostAlreadyReversed)
    assert costs_minor(cost.campaign) == 0


def test_control_without_lock_and_key_it_is_taken_back_twice(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cost = a_cost()
    without_row_locks(monkeypatch)
    with without("campaigns_campaigncost", "campaigns_campaigncost_reverses_id_key"):
        reversed_meanwhile(cost, monkeypatch)
        assert costs_minor(cost.campaign) == -700


def test_of_sweepers_at_once_one_looks(promised: None) -> None:
    campaign = make_campaign(starts_at=now() - dt.timedelta(days=30))
    claims = at_once(*[lambda: watch_claim(campaign_id=campaign.pk, every=HOUR)] * 4)
    assert sum(claim is not None for claim in claims) == 1
    Watch.objects.all().delete()
    assert sum(at_once(alerting.alerts_find, alerting.alerts_find)) == 1


def claim_after_looking(campaign_id: int, looked: Any) -> bool:
    """What watch_claim must not be: a look, and then a mark."""
    seen = Watch.objects.filter(campaign_id=campaign_id).first()
    at = engine_now()
    looked()
    if seen is not None and seen.looked_at > at - HOUR:
        return False
    Watch.objects.update_or_create(campaign_id=campaign_id, defaults={"looked_at": at})
    return True


def test_control_looking_first_both_look(committed: None) -> None:
    campaign = make_campaign(starts_at=now() - dt.timedelta(days=30))
    gap = Gap(lambda: None, lambda: claim_after_looking(campaign.pk, lambda: None))
    assert claim_after_looking(campaign.pk, gap)
    assert gap.outcome

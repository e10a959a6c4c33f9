"""`GET /campaigns/{id}/report` gives the same figures as the page."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from apps.reports.selectors import whole_report
from tests.makers import make_campaign, make_key
from tests.reports.makers import DAY, a_forest, liven

pytestmark = pytest.mark.django_db


def test_the_report_in_numbers(client: Client) -> None:
    now = timezone.now()
    campaign = make_campaign(name="Spring tea", starts_at=now - 12 * DAY)
    a_forest(campaign, began=now - 12 * DAY, until=now, seeds=80)
    liven(campaign, until=now)
    answer = client.get(
        f"/api/v1/campaigns/{campaign.public_id}/report",
        headers={"Authorization": f"Bearer {make_key()}"},
    )
    assert answer.status_code == 200
    told, report = answer.json(), whole_report(campaign, now=now)
    assert told["chain"]["product"]["value"] == report.chain.product.value
    assert [step["count"] for step in told["chain"]["steps"]] == [
        step.count for step in report.chain.steps
    ]
    assert told["concentration"]["observed"]["value"] == report.concentration.observed.value
    assert told["forecast"]["final"]["value"] == pytest.approx(
        report.forecast.final.value, rel=0.01
    )
    assert len(told["forecast"]["fan"]) == len(report.forecast.fan)
    assert told["growth"]["everybody"][-1] == told["people"]["participants"]
    assert told["spending"]["promised_minor"][-1] == report.spent.promised[-1]
    assert told["reward_cost"]["reward_per_referee"]["value"] == 500
    assert told["reward_cost"]["payback_days"]["reason"] == "too early"
    assert told["keeps_holdout"] is False


def test_an_empty_report_has_reasons_and_is_json(client: Client) -> None:
    campaign = make_campaign()
    answer = client.get(
        f"/api/v1/campaigns/{campaign.public_id}/report",
        headers={"Authorization": f"Bearer {make_key()}"},
    )

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    told = json.loads(answer.content, parse_constant=refuse)
    assert told["forecast"]["final"] == {
        "value": None,
        "low": None,
        "high": None,
        "reason": "too early",
        "why": told["forecast"]["final"]["why"],
    }
    assert told["growth"] == {"days": [], "everybody": [], "seeds": []}

"""Costs are kept for good: the database refuses to change them, and odd reversals."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from apps.campaigns.models import CampaignCost
from apps.campaigns.services import CostAuthor, CostReport, cost_enter
from apps.core.models import Event
from tests.makers import make_campaign, now

pytestmark = pytest.mark.django_db


def a_cost(**given: object) -> CampaignCost:
    today = now().date()
    return cost_enter(
        campaign=make_campaign(**given),
        report=CostReport("ads", 700, "CNY", today, today),
        author=CostAuthor(key="key_shop"),
        now=now(),
    )


def test_the_database_refuses_to_change_a_cost() -> None:
    cost = a_cost()
    assert Event.objects.get(kind="campaign.cost_entered").payload["amount_minor"] == 700
    for change in (
        lambda: CampaignCost.objects.update(amount_minor=1),
        lambda: CampaignCost.objects.filter(pk=cost.pk).delete(),
    ):
        with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
            change()


@pytest.mark.parametrize("wrong", ["amount", "campaign", "reversal"])
def test_the_database_refuses_what_takes_back_something_else(wrong: str) -> None:
    cost = a_cost()
    today = now().date()
    row = {"kind": "ads", "first_day": today, "last_day": today, "entered_with": "key_shop"}
    back = {**row, "campaign": cost.campaign, "amount_minor": -700, "reverses": cost}
    if wrong == "amount":
        back["amount_minor"] = -699
    elif wrong == "campaign":
        back["campaign"] = make_campaign()
    else:
        back["reverses"] = CampaignCost.objects.create(**back)
    with pytest.raises(IntegrityError, match="takes back one cost"), transaction.atomic():
        CampaignCost.objects.create(**back)


def test_olga_enters_a_cost_and_takes_it_back(admin_client: Client) -> None:
    campaign = make_campaign()
    page = reverse("admin:campaigns_campaign_outside_costs", args=[campaign.pk])
    told = {"kind": "partner_fee", "amount_minor": "120000", "first_day": "2026-11-20"}
    said = admin_client.post(page, {**told, "note": "lin"}, follow=True).content.decode()
    assert "The cost is kept." in said
    assert "¥1,200.00 outside the budget" in said
    cost = CampaignCost.objects.get()
    assert (cost.entered_by.get_username(), cost.last_day) == ("admin", cost.first_day)
    said = admin_client.post(page, {"reverse": cost.pk}, follow=True).content.decode()
    assert "The cost is taken back." in said
    assert "¥0.00 outside the budget" in said
    assert "already" in admin_client.post(page, {"reverse": cost.pk}).content.decode()
    assert "no such cost" in admin_client.post(page, {"reverse": "x"}).content.decode()
    for wrong, words in (
        ({"amount_minor": "0"}, "greater than or equal to 1"),
        ({"last_day": "2026-11-19"}, "comes before the first"),
        ({"first_day": "0001-01-01"}, "A day lies between"),
        ({"kind": "bribe"}, "valid choice"),
        ({"partner": "nobody"}, "no member with the external_id"),
        ({"kind": "ads", "partner": "nobody"}, "fee is somebody"),
    ):
        assert words in admin_client.post(page, {**told, **wrong}).content.decode()
    assert CampaignCost.objects.count() == 2


def test_a_draft_with_a_cost_stays(admin_client: Client) -> None:
    cost = a_cost(published=False)
    delete = reverse("admin:campaigns_campaign_delete", args=[cost.campaign_id])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403

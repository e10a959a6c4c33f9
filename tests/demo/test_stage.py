"""Setting the stage twice leaves one stage."""

import datetime as dt

import pytest
from django.contrib.auth import get_user_model

from apps.campaigns.models import Campaign
from apps.demo.services import stage_set
from apps.demo.stage import Stage
from apps.groupbuy.models import Offer
from apps.members.selectors import server_key_by_text
from apps.webhooks.models import Endpoint

NOW = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db


def stage(name: str = "groups.csv", sizes: tuple[int, ...] = (2, 3), port: int = 1) -> Stage:
    return stage_set(
        data_name=name,
        digest8="0123abcd",
        sizes=frozenset(sizes),
        shop_url=f"http://127.0.0.1:{port}",
        hold_seconds=20,
        now=NOW,
    )


def test_the_stage_of_the_issue() -> None:
    found = stage()
    campaign = Campaign.objects.get(public_id=found.campaign)
    assert campaign.name == "Demo: groups.csv 0123abcd"
    assert (campaign.status, campaign.qualifying_act, campaign.currency) == (
        "running",
        "room",
        "CNY",
    )
    assert campaign.published_version
    promised = {
        (row["trigger"], row["beneficiary"], row["points"], row["first_order_only"])
        for row in campaign.published_version.policies
    }
    assert promised == {
        ("joined", "member", 10, False),
        ("order_paid", "referrer", 100, True),
        ("order_paid", "inviter", 20, False),
        ("room_completed", "host", 50, False),
    }
    assert {row["hold_seconds"] for row in campaign.published_version.policies} == {20}
    assert set(found.offers) == {2, 3}
    failing = Offer.objects.get(public_id=found.failing_offer)
    assert (failing.room_size, failing.duration) == (2, dt.timedelta(seconds=5))


def test_again_it_is_the_same_stage_with_a_new_key_and_endpoint() -> None:
    first, second = stage(), stage(sizes=(2, 4), port=2)
    assert first.operator.password
    assert get_user_model().objects.get(username="olga").check_password(first.operator.password)
    assert second.operator.password is None
    assert (first.campaign, first.showcase, first.failing_offer) == (
        second.campaign,
        second.showcase,
        second.failing_offer,
    )
    assert first.offers[2] == second.offers[2]
    assert server_key_by_text(first.server_key) is None
    assert server_key_by_text(second.server_key) is not None
    [endpoint] = Endpoint.objects.active()
    assert endpoint.url == "http://127.0.0.1:2/webhooks"
    urls = set(Campaign.objects.values_list("shop_url", flat=True))
    assert urls == {"http://127.0.0.1:2/join"}


def test_the_same_data_under_another_name_is_the_same_data() -> None:
    assert stage("groups.csv").campaign == stage("renamed.csv.gz").campaign
    assert Campaign.objects.count() == 2

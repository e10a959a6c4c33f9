"""olga looks who brought most."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.campaigns.models import Campaign
from tests.makers import make_campaign
from tests.pages.test_chain_pages import join, link_of, opened
from tests.pages.test_why_page import operator


@pytest.fixture
def campaign(db: None) -> Campaign:
    """Ann, who is called =1+1, brought three; bob brought one."""
    campaign = make_campaign(name="Spring tea")
    for n in range(3):
        join(campaign, f"friend-{n}", opened(link_of(campaign, "=1+1")))
    join(campaign, "dora", opened(link_of(campaign, "bob")))
    return campaign


def address(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_leaderboard", args=[campaign.pk])


def shown(client: Client, campaign: Campaign, **asked: str) -> str:
    answer = client.get(address(campaign), asked)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_who_brought_most(admin_client: Client, campaign: Campaign) -> None:
    page = shown(admin_client, campaign)
    assert page.index("=1+1") < page.index(">bob<")
    assert "2 brought somebody" in page
    assert "Phones show none of it" in page
    Campaign.objects.filter(pk=campaign.pk).update(leaderboard_size=5)
    assert "Phones show the first 5." in shown(admin_client, campaign, period="month")


def test_days(admin_client: Client, campaign: Campaign) -> None:
    asked = {"period": "between", "first": "2020-01-01", "last": "2020-01-31"}
    page = shown(admin_client, campaign, **asked)
    assert "1 January 2020 to 31 January 2020" in page
    assert "Nobody has brought anybody in these days." in page
    since = shown(admin_client, campaign, period="between", first="2020-01-01")
    assert ">bob<" in since
    for odd, words in (
        ({"period": "between"}, "Name the first day, the last, or both."),
        ({**asked, "last": "2019-01-01"}, "The last day comes before the first."),
        ({**asked, "first": "soon"}, "Enter a valid date."),
        ({**asked, "first": "0001-01-01"}, "greater than or equal to 1970-01-01"),
        ({**asked, "last": "9999-12-31"}, "less than or equal to 9000-12-31"),
        ({"period": "year"}, "Select a valid choice."),
    ):
        assert words in shown(admin_client, campaign, **odd)


def test_as_csv_without_formulas(admin_client: Client, campaign: Campaign) -> None:
    answer = admin_client.get(address(campaign), {"period": "week", "export": "csv"})
    lines = answer.getvalue().decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "rank,participant,nickname,referees"
    assert lines[1].endswith(",'=1+1,3")
    assert lines[2].endswith(",bob,1")


def test_whoever_may_see_the_campaign(campaign: Campaign) -> None:
    assert "Spring tea" in shown(operator("otto", only_look=True), campaign)
    stranger = operator("stranger", only_look=True)
    User.objects.get(username="stranger").user_permissions.clear()
    assert stranger.get(address(campaign)).status_code == 403
    nowhere = reverse("admin:campaigns_campaign_leaderboard", args=["x"])
    assert operator("olga").get(nowhere).status_code == 404


def test_olga_says_how_many_places_phones_show(admin_client: Client, campaign: Campaign) -> None:
    change = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    assert "Places of the leaderboard" in admin_client.get(change).content.decode()

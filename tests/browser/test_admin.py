"""olga, the operator, in the admin."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect

from apps.campaigns.models import Campaign
from tests.browser.conftest import OpenTab
from tests.makers import make_campaign
from tests.pages.makers import make_room

PASSWORD = "a password of olga's own"


@pytest.fixture
def operator(committed: None) -> User:
    return User.objects.create_superuser("olga", password=PASSWORD)


@pytest.fixture
def olga(open_tab: OpenTab, operator: User) -> Page:
    """Logged in already, at the front page."""
    session = Client()
    session.force_login(operator)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "domain": "127.0.0.1", "path": "/"}
    cookie["value"] = session.cookies[settings.SESSION_COOKIE_NAME].value
    return open_tab("/admin/", phone=False, storage_state={"cookies": [cookie]})


def test_olga_logs_in(open_tab: OpenTab, operator: User) -> None:
    tab = open_tab("/admin/", phone=False)
    tab.get_by_label("Username").fill("olga")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()
    expect(tab.get_by_role("heading", name="What is going on")).to_be_visible()
    expect(tab.get_by_text("Nothing waits for you.")).to_be_visible()


def fill_campaign(tab: Page) -> None:
    """A campaign with one policy, in the form that is open."""
    tab.locator("[name=name]").fill("Spring tea")
    tab.locator("[name=starts_at_0]").fill("2026-01-01")
    tab.locator("[name=starts_at_1]").fill("08:00:00")
    tab.locator("[name=currency]").fill("CNY")
    tab.get_by_text("Add another Policy").click()
    tab.locator("[name=policies-0-name]").fill("Welcome")
    tab.locator("[name=policies-0-trigger]").select_option("joined")
    tab.locator("[name=policies-0-beneficiary]").select_option("member")
    tab.locator("[name=policies-0-points]").fill("10")


def test_olga_creates_a_campaign_and_publishes_it(olga: Page) -> None:
    olga.get_by_role("link", name="Create the first one.").click()
    fill_campaign(olga)
    olga.get_by_role("button", name="Save", exact=True).click()
    expect(olga.get_by_text("was added successfully")).to_be_visible()
    assert Campaign.objects.get().status == Campaign.Status.DRAFT

    olga.locator("#result_list tbody [name=_selected_action]").check()
    olga.locator("[name=action]").select_option("publish")
    olga.get_by_role("button", name="Run").click()
    expect(olga.get_by_text("1 campaign published.")).to_be_visible()
    campaign = Campaign.objects.get()
    assert campaign.status == Campaign.Status.RUNNING
    assert [row["name"] for row in campaign.published_version.policies] == ["Welcome"]


def test_olga_changes_a_policy_and_publishes_in_one_go(olga: Page) -> None:
    campaign = make_campaign(name="Spring tea")
    olga.goto(f"/admin/campaigns/campaign/{campaign.pk}/change/")
    olga.locator("[name=policies-0-points]").fill("25")
    olga.get_by_role("button", name="Save and publish").click()
    expect(olga.get_by_text("1 campaign published.")).to_be_visible()
    campaign.refresh_from_db()
    assert [row["points"] for row in campaign.published_version.policies] == [25]
    assert campaign.published_version.number == 2


def test_olga_is_told_why_a_campaign_cannot_be_published(olga: Page) -> None:
    campaign = make_campaign(name="Spring tea", published=False)
    campaign.policies.all().delete()
    olga.goto(f"/admin/campaigns/campaign/{campaign.pk}/change/")
    olga.locator("[name=name]").fill("Summer tea")
    olga.get_by_role("button", name="Save and publish").click()
    expect(olga.get_by_text("A campaign needs at least one policy")).to_be_visible()
    campaign.refresh_from_db()
    assert (campaign.name, campaign.status) == ("Summer tea", Campaign.Status.DRAFT)


def test_olga_reads_the_report(olga: Page) -> None:
    make_room("ann", "bob", size=2)
    olga.goto("/admin/campaigns/campaign/")
    olga.get_by_role("link", name="Open report").click()
    expect(olga.get_by_role("heading", name="Report: Spring tea")).to_be_visible()
    for title in ("Does it spread by itself?", "How far will it go?", "Rooms", "Rewards", "Cost"):
        expect(olga.get_by_role("heading", level=3, name=title, exact=True)).to_be_visible()
    expect(olga.get_by_role("row", name="Completed 1", exact=True)).to_be_visible()
    expect(olga.get_by_text("Not everything is in yet")).to_be_visible()

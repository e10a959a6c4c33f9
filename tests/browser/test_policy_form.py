"""The form of a policy in a real browser: only what applies is shown, and all of it without scripts."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from apps.campaigns.models import Policy
from tests.browser.conftest import OpenTab
from tests.makers import make_campaign


@pytest.fixture
def session(committed: None) -> dict[str, object]:
    """olga, logged in already."""
    client = Client()
    client.force_login(User.objects.create_superuser("olga", password="x"))
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "domain": "127.0.0.1", "path": "/"}
    return {"cookies": [{**cookie, "value": value}]}


def field(tab: Page, name: str, number: int = 0) -> Locator:
    return tab.locator(f"[name=policies-{number}-{name}]")


@pytest.mark.parametrize("phone", [True, False])
def test_only_what_applies_is_shown(
    open_tab: OpenTab, session: dict[str, object], phone: bool
) -> None:
    campaign = make_campaign(published=False)
    path = f"/admin/campaigns/campaign/{campaign.pk}/change/"
    tab = open_tab(path, phone=phone, storage_state=session)
    for name in ("points", "cap_per_member", "new_members_only"):
        expect(field(tab, name)).to_be_visible()
    for name in ("gift", "coupon_template", "amount_minor", "min_order_minor", "milestone_at"):
        expect(field(tab, name)).to_be_hidden()

    field(tab, "trigger").select_option("friend_bought")
    for name in ("min_order_minor", "product_tags", "share_bps", "milestone_at"):
        expect(field(tab, name)).to_be_visible()
    field(tab, "kind").select_option("custom")
    expect(field(tab, "gift")).to_be_visible()
    for name in ("points", "share_bps", "max_amount"):
        expect(field(tab, name)).to_be_hidden()
    field(tab, "gift").fill("A tea pot")
    field(tab, "milestone_at").fill("5, 10")
    tab.get_by_role("button", name="Save and continue editing").click()
    expect(tab.get_by_text("was changed successfully")).to_be_visible()
    policy = Policy.objects.get()
    assert (policy.kind, policy.gift, policy.milestone_at) == ("custom", "A tea pot", [5, 10])


def test_a_policy_that_is_added_asks_only_what_applies(
    open_tab: OpenTab, session: dict[str, object]
) -> None:
    campaign = make_campaign(published=False)
    path = f"/admin/campaigns/campaign/{campaign.pk}/change/"
    tab = open_tab(path, phone=False, storage_state=session)
    tab.get_by_text("Add another Policy").click()
    field(tab, "kind", 1).select_option("payable")
    expect(field(tab, "amount_minor", 1)).to_be_visible()
    expect(field(tab, "points", 1)).to_be_hidden()
    field(tab, "trigger", 1).select_option("room_completed")
    hosts = field(tab, "beneficiary", 1).locator("option:not([disabled])")
    expect(hosts).to_have_text(
        ["Choose who gets it", "The group's host", "Everybody seated in the group"]
    )


def test_without_scripts_everything_is_there(open_tab: OpenTab, session: dict[str, object]) -> None:
    campaign = make_campaign(published=False)
    path = f"/admin/campaigns/campaign/{campaign.pk}/change/"
    tab = open_tab(path, phone=False, storage_state=session, java_script_enabled=False)
    for name in ("points", "gift", "coupon_template", "milestone_at", "min_order_minor"):
        hidden = tab.locator(f".field-line.field-{name}").first.get_attribute("hidden")
        assert hidden is None, name

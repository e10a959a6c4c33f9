"""olga reads how far a campaign spread."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from apps.reports.services import campaign_rebuild
from tests.browser.conftest import OpenTab
from tests.makers import make_campaign
from tests.reports.makers import DAY, a_forest


@pytest.mark.parametrize("phone", [True, False])
def test_k_has_its_interval_and_says_what_it_is_corrected_by(
    open_tab: OpenTab, phone: bool
) -> None:
    now = timezone.now()
    campaign = make_campaign(name="Spring tea", starts_at=now - 12 * DAY)
    a_forest(campaign, began=now - 12 * DAY, until=now)
    campaign_rebuild(campaign_id=campaign.pk, now=now)
    session = Client()
    session.force_login(User.objects.create_superuser("olga"))
    cookie = {"name": settings.SESSION_COOKIE_NAME, "domain": "127.0.0.1", "path": "/"}
    cookie["value"] = session.cookies[settings.SESSION_COOKIE_NAME].value
    address = f"/admin/campaigns/campaign/{campaign.pk}/report"
    tab = open_tab(address, phone=phone, storage_state={"cookies": [cookie]})
    tile = tab.locator(".engine-tile").filter(has_text="K")
    expect(tile.first).to_contain_text(" to ")
    how = tab.locator("section").filter(has_text="How K is reckoned")
    expect(how).to_contain_text("delays from this campaign’s own referrals")
    expect(how).to_contain_text("Nine of ten come within")

"""olga asks whether a campaign paid, and how its variants compare."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from apps.campaigns.services import CostAuthor, CostReport, cost_enter
from apps.invites.models import Participant
from apps.reports.services import campaign_rebuild
from tests.browser.conftest import OpenTab
from tests.reports.makers import DAY
from tests.reports.test_experiment import a_test, bought, grown


@pytest.mark.parametrize("phone", [True, False])
def test_whether_it_paid_and_which_variant_is_better(open_tab: OpenTab, phone: bool) -> None:
    now = timezone.now()
    olga = User.objects.create_superuser("olga")
    campaign = a_test("a", "none", holdout="none", name="Spring tea")
    grown(campaign, "a", 80, 70)
    grown(campaign, "none", 80, 10)
    bought(campaign, Participant.objects.filter(variant="a").earliest("pk"), 500, ago=29 * DAY)
    report = CostReport("partner_fee", 200, "CNY", now.date(), now.date(), "lin")
    author = CostAuthor(operator_id=olga.pk)
    cost_enter(campaign=campaign, report=report, author=author, now=now)
    campaign_rebuild(campaign_id=campaign.pk, now=now)
    session = Client()
    session.force_login(olga)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "domain": "127.0.0.1", "path": "/"}
    cookie["value"] = session.cookies[settings.SESSION_COOKIE_NAME].value
    state = {"cookies": [cookie]}
    at = f"/admin/campaigns/campaign/{campaign.pk}"
    tab = open_tab(f"{at}/report", phone=phone, storage_state=state)
    card = tab.locator("#pay")
    expect(card).to_contain_text("¥3.00")  # 5.00 of margin, 2.00 of costs
    card.locator("summary").click()
    expect(card).to_contain_text("what the shop told of the line")
    tab.goto(f"{at}/costs")
    tab.get_by_role("button", name="Take back ¥2.00").click()
    expect(tab.locator(".engine-note")).to_contain_text("¥0.00 outside the budget")
    tab.goto(f"{at}/experiment")
    expect(tab.locator(".versus")).to_contain_text("“a” brings more people per seed than “none”")
    expect(tab.locator(".interval-bar").first).to_be_visible()

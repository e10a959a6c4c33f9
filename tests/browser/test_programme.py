"""olga reads the programme report and a leaderboard, on a phone and at a desk."""

import pytest
from playwright.sync_api import expect

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.members.models import Profile
from apps.reports.services import programme_ask, programme_compute
from tests.browser.conftest import OpenTab
from tests.browser.test_chain import tab_of_olga
from tests.makers import make_campaign, now
from tests.reports.makers import DAY, a_past

ADDRESS = "/admin/reports/programme/"


@pytest.fixture
def past(committed: None) -> Campaign:
    campaign = make_campaign(name="Spring tea", starts_at=now() - 400 * DAY, leaderboard_size=10)
    a_past(campaign, until=now())
    Profile.objects.bulk_create(
        Profile(member_id=member, nickname=f"Friend {member}", updated_at=now())
        for member in Participant.objects.values_list("member_id", flat=True)
    )
    return campaign


@pytest.mark.parametrize("phone", [True, False])
def test_the_programme_report(open_tab: OpenTab, past: Campaign, phone: bool) -> None:
    programme_ask()
    programme_compute(now=now())
    tab = tab_of_olga(open_tab, ADDRESS, phone=phone)
    tile = tab.locator(".engine-tile").filter(has_text="Brought by a link")
    expect(tile).to_contain_text("95 % interval")
    table = tab.get_by_role("region", name="Who buys again: Everybody")
    expect(table.get_by_role("columnheader", name="days 1–30")).to_have_count(1)
    expect(table.get_by_role("cell", name="too early").first).to_be_attached()
    table.focus()
    expect(table).to_be_focused()
    expect(tab.get_by_text("purchases of")).to_contain_text("the model foretells")
    tab.get_by_role("button", name="Compute now").click()
    expect(tab.get_by_text("It is being computed.")).to_be_visible()
    expect(tab.get_by_role("button", name="Compute now")).to_have_count(0)


@pytest.mark.parametrize("phone", [True, False])
def test_the_leaderboard(open_tab: OpenTab, past: Campaign, phone: bool) -> None:
    path = f"/admin/campaigns/campaign/{past.pk}/leaderboard"
    tab = tab_of_olga(open_tab, path, phone=phone)
    rows = tab.get_by_role("rowheader")
    expect(rows.first).to_contain_text("Friend")
    before = rows.count()
    tab.get_by_label("Period").select_option(label="This month")
    tab.get_by_role("button", name="Show").click()
    expect(tab.get_by_text("Phones show the first 10.")).to_be_visible()
    assert rows.count() < before
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename == f"leaderboard-{past.public_id}.csv"

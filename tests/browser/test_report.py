"""olga reads how far a campaign spread; Lily reads it by a link. On a phone and at a desk, by day and
by night, with and without a mouse."""

import io
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from apps.campaigns.models import Campaign
from apps.reports.selectors.shares import share_token
from apps.reports.services import report_share
from tests.browser.conftest import OpenTab
from tests.browser.test_chain import tab_of_olga
from tests.makers import make_campaign
from tests.reports.makers import DAY, a_forest, liven

NIGHT_BELOW, DAY_ABOVE = 90, 200  # mean brightness of a page, of 255
PICTURES = 7


@pytest.fixture
def campaign(committed: None) -> Campaign:
    now = timezone.now()
    made = make_campaign(name="Spring tea", starts_at=now - 12 * DAY)
    a_forest(made, began=now - 12 * DAY, until=now)
    liven(made, until=now)
    return made


def page_of(campaign: Campaign, name: str = "") -> str:
    return reverse(f"admin:campaigns_campaign_report{name}", args=[campaign.pk])


def brightness(of: Page | Locator) -> float:
    """The mean of a screenshot's greys."""
    grey = Image.open(io.BytesIO(of.screenshot())).convert("L").resize((64, 64))
    return sum(grey.tobytes()) / 64**2


def is_too_wide(tab: Page) -> bool:
    return bool(tab.evaluate("document.documentElement.scrollWidth > innerWidth"))


def pictures(tab: Page) -> Iterator[Locator]:
    """Each picture's card, once it is certain that the picture is drawn, on the screen, described and
    that its table has rows."""
    width = tab.evaluate("innerWidth")
    for card in tab.locator(".report-card:has(svg[role=img])").all():
        drawn = card.locator("svg[role=img]")
        box = drawn.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert 200 < box["width"] <= width - box["x"]
        assert (drawn.get_attribute("aria-label") or "").strip()
        assert card.locator("table tbody tr").count() > 0
        yield card


@pytest.mark.parametrize("phone", [True, False])
def test_the_report_by_day_and_by_night(open_tab: OpenTab, campaign: Campaign, phone: bool) -> None:
    tab = tab_of_olga(open_tab, page_of(campaign), phone=phone)
    expect(tab.locator(".report-tiles > div").filter(has_text="K")).not_to_have_count(0)
    expect(tab.locator("#k")).to_contain_text("95 %: ")
    expect(tab.locator("#k")).to_contain_text("delays from this campaign’s own referrals")
    assert len(list(pictures(tab))) == PICTURES
    curve = tab.locator("#carriers svg")
    assert brightness(tab) > DAY_ABOVE
    assert brightness(curve) > DAY_ABOVE
    tab.emulate_media(color_scheme="dark")
    tab.reload()
    expect(tab.locator("html.dark")).to_be_attached()
    assert brightness(tab) < NIGHT_BELOW
    assert brightness(curve) < NIGHT_BELOW
    assert not is_too_wide(tab)


@pytest.mark.parametrize("phone", [True, False])
def test_the_pages_beside_it(open_tab: OpenTab, campaign: Campaign, phone: bool) -> None:
    tab = tab_of_olga(open_tab, page_of(campaign, "_detail"), phone=phone)
    assert len(list(pictures(tab))) >= 3
    assert not is_too_wide(tab)
    tab.goto(page_of(campaign, "_print"))
    assert all(card.locator("table").is_visible() for card in pictures(tab))
    assert not is_too_wide(tab)
    other = make_campaign(name="Autumn tea")
    tab.goto(page_of(campaign, "_compare"))
    tab.get_by_label("Compare with").select_option(str(other.pk))
    tab.get_by_role("button", name="Compare").click()
    row = tab.get_by_role("row").filter(has_text="K: new people per person brought")
    expect(row).to_contain_text("n/a")
    assert not is_too_wide(tab)


def test_without_a_mouse(open_tab: OpenTab, campaign: Campaign) -> None:
    tab = tab_of_olga(open_tab, page_of(campaign), phone=False)
    summary = tab.locator("#k summary").filter(has_text="What is this?")
    tab.get_by_role("link", name="Share", exact=True).focus()
    for _ in range(30):  # tiles stand between
        tab.keyboard.press("Tab")
        if summary.evaluate("summary => summary === document.activeElement"):
            break
    expect(summary).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("#k details[open] p").first).to_contain_text("people who were brought")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    table = tab.locator("#k").get_by_role("region", name="K")
    expect(table).to_be_visible()
    tab.keyboard.press("Tab")
    expect(table).to_be_focused()
    unreachable = "all => all.filter(one => one.tabIndex < 0).length"
    assert tab.locator(".report a, .report summary, .report-table").evaluate_all(unreachable) == 0
    with tab.expect_download() as download:
        tab.get_by_role("link", name="All tables as XLSX").click()
    assert download.value.suggested_filename == f"report-{campaign.public_id}.xlsx"


@pytest.mark.parametrize("night", [True, False])
def test_lily_reads_it_by_a_link(open_tab: OpenTab, campaign: Campaign, night: bool) -> None:
    share = report_share(
        campaign=campaign,
        label="Lily",
        days=7,
        shows_money=False,
        by=User.objects.create_superuser("olga"),
        now=timezone.now(),
    )
    address = reverse("shared-report", args=[share_token(share)])
    tab = open_tab(address, color_scheme="dark" if night else "light")
    expect(tab.get_by_role("heading", name="Spring tea")).to_be_visible()
    assert len(list(pictures(tab))) == PICTURES - 1  # not that of money
    assert (brightness(tab) < NIGHT_BELOW) is night
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Participants, and the forecast as PNG").click()
    assert download.value.suggested_filename.endswith("-forecast.png")

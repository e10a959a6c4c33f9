"""Links with terms on a phone and a desktop; olga makes some and says where they lead."""

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from PIL import Image
from playwright.sync_api import Page, expect

from apps.invites.models import Landing, Link, Target
from apps.invites.rules import Afterwards, Opening
from apps.invites.services import NewLink, link_create, link_open
from tests.browser.conftest import OpenTab
from tests.makers import make_member, now
from tests.pages.makers import SHOP, make_link, make_shop_campaign


def make_partner_link(**terms: object) -> Link:
    campaign = make_shop_campaign(card_title="Spring tea for two")
    kol = make_member("kol")
    return link_create(campaign=campaign, member_id=kol.pk, wanted=NewLink(**terms), now=now())


@pytest.mark.parametrize("phone", [True, False])
def test_the_ways_on_and_the_picture_to_share(open_tab: OpenTab, phone: bool) -> None:
    link = make_link("ann")
    landing = Landing.objects.create(campaign=link.participant.campaign)
    for platform in ("ios", "desktop"):
        Target.objects.create(
            landing=landing,
            platform=platform,
            address="https://app.example/{code}?v={visit}",
            store_address="https://store.example/app?referrer={query}",
        )
    tab = open_tab(f"/s/{link.code}?utm_source=chat", phone=phone)
    join = tab.get_by_role("link", name="Join ann")
    expect(join).to_be_visible()
    assert str(join.get_attribute("href")).startswith(f"https://app.example/{link.code}?v=vis_")
    store = str(tab.get_by_role("link", name="Get the app").get_attribute("href"))
    assert store.startswith("https://store.example/app?referrer=visit%3Dvis_")
    web = str(tab.get_by_role("link", name="Go on in the browser").get_attribute("href"))
    assert web.startswith(f"{SHOP}?visit=vis_")
    assert web.endswith("&utm_source=chat")
    with tab.expect_download() as saved:
        tab.get_by_role("link", name="Save a picture to share").click()
    assert saved.value.suggested_filename == "invitation.png"
    with Image.open(Path(saved.value.path())) as poster:
        assert poster.size == (750, 1200)


@pytest.mark.parametrize("phone", [True, False])
def test_a_link_that_is_over_shows_the_campaign(open_tab: OpenTab, phone: bool) -> None:
    link = make_partner_link(max_opens=1, afterwards=Afterwards.CAMPAIGN)
    somebody = Opening("GET", "", is_bot=False, visitor="somebody else")
    link_open(link=link, opening=somebody, now=now())
    tab = open_tab(f"/s/{link.code}", phone=phone, but="410")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Everybody it was for has come")
    expect(tab.get_by_role("heading", name="Spring tea for two")).to_be_visible()
    way = tab.get_by_role("link", name="Join without an invitation")
    expect(way).to_have_attribute("href", SHOP)


@pytest.fixture
def olga(open_tab: OpenTab) -> Page:
    """Logged in already, at the links."""
    session = Client()
    session.force_login(User.objects.create_superuser("olga"))
    cookie = {"name": settings.SESSION_COOKIE_NAME, "domain": "127.0.0.1", "path": "/"}
    cookie["value"] = session.cookies[settings.SESSION_COOKIE_NAME].value
    return open_tab("/admin/invites/link/", phone=False, storage_state={"cookies": [cookie]})


def test_olga_makes_a_link_and_revokes_it(olga: Page) -> None:
    campaign = make_shop_campaign()
    make_member("kol")
    olga.get_by_role("link", name="Make a link").click()
    olga.locator("[name=campaign]").select_option(str(campaign.pk))
    olga.locator("[name=member]").fill("kol")
    olga.locator("[name=code]").fill("kol-tea")
    olga.locator("[name=label]").fill("Winter video")
    olga.get_by_role("button", name="Make the link").click()
    expect(olga.get_by_text("The link kol-tea is made.")).to_be_visible()
    drawn = olga.get_by_alt_text("QR code").evaluate("image => image.naturalWidth")
    assert drawn > 0
    olga.get_by_role("link", name="Revoke for good").click()
    olga.get_by_role("button", name="Revoke for good").click()
    expect(olga.get_by_text("The link is revoked.")).to_be_visible()
    assert Link.objects.get().revoked_at is not None


def test_olga_makes_many_from_a_file(olga: Page) -> None:
    campaign = make_shop_campaign()
    make_member("kol")
    olga.get_by_role("link", name="Make many from a file").click()
    for text, told in (
        ("external_id,label\nkol,a\nnobody,b\n", "Nothing was made."),
        ("external_id,label\nkol,a\nkol,b\n", "2 links made"),
    ):
        olga.locator("[name=campaign]").select_option(str(campaign.pk))
        olga.locator("[name=file]").set_input_files(
            {"name": "links.csv", "mimeType": "text/csv", "buffer": text.encode()}
        )
        olga.get_by_role("button", name="Make the links").click()
        expect(olga.get_by_text(told)).to_be_visible()
    with olga.expect_download() as saved:
        olga.get_by_role("button", name="Their codes and addresses as CSV").click()
    assert Path(saved.value.path()).read_text().count("kol") == 2 * 2

"""olga reads who brought somebody, decides otherwise, and looks how far links come."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.invites.selectors import Brought
from apps.invites.services import share_record
from tests.browser.conftest import OpenTab
from tests.makers import make_campaign
from tests.pages.test_chain_pages import WHY, join, link_of, opened


@pytest.fixture
def bob(committed: None) -> Participant:
    """Bob typed ann's code and had opened cleo's link; he has brought nobody, ann many."""
    campaign = make_campaign(name="Spring tea")
    said = opened(link_of(campaign, "cleo"))
    ann = link_of(campaign, "ann")
    bob = join(campaign, "bob", Brought(code=ann.code, visit_token=said.visit_token))
    for n in range(4):
        join(campaign, f"friend-{n}", opened(ann))
    join(campaign, "dora", Brought(link_of(campaign, "friend-1").code))
    share_record(code=ann.code, member_id=ann.participant.member_id, channel="moments")
    share_record(code=ann.code, member_id=ann.participant.member_id, channel="chat")
    return bob


def tab_of_olga(open_tab: OpenTab, path: str, *, phone: bool) -> Page:
    user = User.objects.filter(username="olga").first()
    user = user or User.objects.create_superuser("olga", password="x")
    session = Client()
    session.force_login(user)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "domain": "127.0.0.1", "path": "/"}
    cookie["value"] = session.cookies[settings.SESSION_COOKIE_NAME].value
    return open_tab(path, phone=phone, storage_state={"cookies": [cookie]})


def page_of(name: str, participant: Participant) -> str:
    return reverse(f"admin:invites_participant_{name}", args=[participant.pk])


@pytest.mark.parametrize("phone", [True, False])
def test_olga_decides_otherwise(open_tab: OpenTab, bob: Participant, phone: bool) -> None:
    tab = tab_of_olga(open_tab, page_of("who_brought_them", bob), phone=phone)
    expect(tab.get_by_text("ann brought bob.")).to_be_visible()
    tab.get_by_role("link", name="Decide otherwise …").last.click()
    tab.get_by_label("cleo").check()
    tab.get_by_label("Why").fill(WHY)
    tab.get_by_role("button", name="Decide").click()
    expect(tab.get_by_text("cleo brought bob.")).to_be_visible()
    expect(tab.get_by_text(WHY)).to_be_visible()


@pytest.mark.parametrize("phone", [True, False])
def test_olga_opens_the_tree_a_friend_at_a_time(
    open_tab: OpenTab, bob: Participant, phone: bool
) -> None:
    assert bob.referrer is not None
    tab = tab_of_olga(open_tab, page_of("whom_they_brought", bob.referrer), phone=phone)
    tab.get_by_role("link", name="friend-1").click()
    expect(tab.get_by_role("link", name="dora")).to_be_visible()
    tab.get_by_label("Who is above").get_by_role("link", name="ann").click()
    expect(tab.get_by_role("link", name="friend-3")).to_be_visible()


@pytest.mark.parametrize("phone", [True, False])
def test_olga_looks_how_far_links_come(open_tab: OpenTab, bob: Participant, phone: bool) -> None:
    tab = tab_of_olga(open_tab, reverse("admin:invites_share_funnel"), phone=phone)
    tab.get_by_label("Campaign").select_option(label=Campaign.objects.get().name)
    tab.get_by_role("button", name="Show").click()
    expect(tab.get_by_role("rowheader", name="moments")).to_be_visible()
    expect(tab.get_by_role("listitem").filter(has_text="Meant to share")).to_contain_text("2")


@pytest.mark.parametrize("phone", [True, False])
def test_olga_reads_what_anns_links_earned(
    open_tab: OpenTab, bob: Participant, phone: bool
) -> None:
    assert bob.referrer is not None
    tab = tab_of_olga(open_tab, page_of("statement", bob.referrer), phone=phone)
    expect(tab.get_by_text("Friends brought")).to_be_visible()
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Their links as CSV").click()
    assert download.value.suggested_filename.startswith("links-par_")

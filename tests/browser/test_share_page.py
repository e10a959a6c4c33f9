"""bob opens ann's link on his phone."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from apps.invites.models import Visit
from apps.invites.selectors import visit_by_token
from tests.browser.conftest import OpenTab
from tests.pages.makers import SHOP, make_link


def test_bob_opens_anns_link(open_tab: OpenTab) -> None:
    link = make_link("ann")
    tab = open_tab(f"/s/{link.code}?channel=chat")
    expect(tab.get_by_role("heading", level=1)).to_have_text("ann invites you")
    drawn = tab.get_by_alt_text("QR code of this link").evaluate("image => image.naturalWidth")
    assert drawn > 0
    join = tab.get_by_role("link", name="Join ann").get_attribute("href") or ""
    assert join.startswith(f"{SHOP}?")
    visit = Visit.objects.get()
    assert (visit.link, visit.skipped, visit.channel) == (link, "", "chat")
    assert visit_by_token(parse_qs(urlsplit(join).query)["visit"][0]) == visit


def test_bob_copies_the_link(open_tab: OpenTab) -> None:
    link = make_link("ann")
    tab = open_tab(f"/s/{link.code}", permissions=["clipboard-read", "clipboard-write"])
    tab.get_by_role("button", name="Copy link").click()
    expect(tab.get_by_role("status")).to_have_text("Copied.")
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert copied == tab.get_by_role("textbox", name="Link").input_value()
    assert copied.endswith(f"/s/{link.code}")


def test_without_javascript_the_link_is_there_to_be_copied_by_hand(open_tab: OpenTab) -> None:
    link = make_link("ann")
    tab = open_tab(f"/s/{link.code}", java_script_enabled=False)
    expect(tab.get_by_role("link", name="Join ann")).to_be_visible()
    expect(tab.get_by_alt_text("QR code of this link")).to_be_visible()
    expect(tab.get_by_role("textbox", name="Link")).to_be_visible()
    expect(tab.locator("button")).to_be_hidden()


def test_a_long_nickname_and_title_fit_a_phone_in_the_dark(open_tab: OpenTab) -> None:
    link = make_link("n" * 64, card_title="T" * 120)
    tab = open_tab(f"/s/{link.code}", color_scheme="dark")
    expect(tab.get_by_role("heading", level=2).first).to_have_text("T" * 120)

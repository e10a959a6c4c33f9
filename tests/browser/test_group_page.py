"""bob looks at ann's room on his phone."""

import datetime as dt
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from apps.groupbuy.models import Room
from apps.groupbuy.services import rooms_turn
from apps.invites.models import Visit
from apps.invites.selectors import Brought, cookie_token, visit_by_token
from apps.invites.services import campaign_link
from tests.browser.conftest import OpenTab
from tests.makers import make_member, now
from tests.pages.makers import SHOP, make_room, pay, take_seat


def room_link(room: Room) -> str:
    """The path of the host's link to the room."""
    link, _ = campaign_link(
        campaign=room.offer.campaign,
        member_id=room.host_id,
        brought=Brought(),
        now=now(),
        room=room.public_id,
    )
    return f"/s/{link.code}"


def test_bob_opens_anns_room(open_tab: OpenTab) -> None:
    room = make_room("ann", "dan", held=("cleo",))
    tab = open_tab(room_link(room))
    assert urlsplit(tab.url).path == f"/g/{room.public_id}"
    expect(tab.get_by_role("heading", level=1)).to_have_text("Green tea")
    expect(tab.get_by_role("heading", name="2 more people to go")).to_be_visible()
    expect(tab.get_by_role("list", name="Seats").get_by_role("listitem")).to_have_count(4)
    join = urlsplit(tab.get_by_role("link", name="Join for ¥49.00").get_attribute("href") or "")
    carried = parse_qs(join.query)
    assert f"{join.scheme}://{join.netloc}{join.path}" == SHOP
    assert carried["room"] == [room.public_id]
    visit = visit_by_token(carried["visit"][0])
    assert visit == Visit.objects.get()
    assert visit.skipped == ""


def test_the_countdown_ticks(open_tab: OpenTab) -> None:
    tab = open_tab(f"/g/{make_room('ann').public_id}")
    clock = tab.locator("[data-clock]")
    before = clock.inner_text()
    assert before.startswith(("00:59:", "01:00:"))
    expect(clock).not_to_have_text(before)
    expect(tab.locator("[data-spoken]")).to_have_text("50 minutes left")


def test_the_countdown_is_the_servers_not_the_phones(open_tab: OpenTab) -> None:
    path = f"/g/{make_room('ann').public_id}"
    tab = open_tab(path)
    tab.clock.set_system_time(now() + dt.timedelta(days=3))
    tab.reload()
    expect(tab.locator("[data-clock]")).to_contain_text("59:")


def test_the_page_sees_the_end_by_itself(
    open_tab: OpenTab, move_clock: Callable[[float], None]
) -> None:
    room = make_room("ann")
    tab = open_tab(f"/g/{room.public_id}")
    expect(tab.get_by_role("heading", name="3 more people to go")).to_be_visible()
    expect(tab.get_by_role("link", name="Join for")).to_be_visible()
    move_clock(3601)
    assert rooms_turn() == 1
    expect(tab.get_by_role("heading", name="This group did not fill up in time")).to_be_visible()
    expect(tab.get_by_role("link", name="Join for")).to_be_hidden()
    expect(tab.get_by_role("link", name="Go to the shop")).to_be_visible()
    expect(tab.get_by_role("heading", name="Bring somebody along")).to_be_hidden()


def test_the_page_is_told_when_somebody_joins(open_tab: OpenTab) -> None:
    room = make_room("ann", size=3)
    tab = open_tab(f"/g/{room.public_id}")
    expect(tab.get_by_text("1 of 3 paid · 2 free")).to_be_visible()
    marked = tab.evaluate("window.stillHere = true")
    seat = take_seat(room, make_member("cleo"))
    expect(tab.get_by_text("1 paying now")).to_be_visible()
    pay(seat)
    expect(tab.get_by_role("heading", name="1 more person to go")).to_be_visible()
    # Told to who cannot see it, without a new page.
    expect(tab.locator("[data-said]")).to_have_text("1 more person to go. 2 of 3 paid.")
    assert tab.evaluate("window.stillHere") is marked is True
    full = take_seat(room, make_member("dora"))
    expect(tab.get_by_role("link", name="Join for")).to_be_hidden()
    pay(full)
    expect(tab.get_by_role("heading", name="This group is complete")).to_be_visible()


@pytest.mark.parametrize("stream", ["refused", "silent about it"])
def test_without_a_stream_the_page_asks(open_tab: OpenTab, stream: str) -> None:
    def no_stream(tab: Page) -> None:
        if stream == "refused":
            tab.route("**/stream*", lambda route: route.fulfill(status=503, body="{}"))
        else:
            tab.add_init_script("delete window.EventSource")

    room = make_room("ann", size=3)
    tab = open_tab(f"/g/{room.public_id}", prepare=no_stream, but="503")
    expect(tab.get_by_text("1 of 3 paid")).to_be_visible()
    seat = take_seat(room, make_member("cleo"))
    expect(tab.get_by_text("1 paying now")).to_be_visible()
    pay(seat)
    expect(tab.get_by_role("heading", name="1 more person to go")).to_be_visible()


def test_the_page_says_when_it_may_be_out_of_date(open_tab: OpenTab) -> None:
    def cut_off(tab: Page) -> None:
        tab.route("**/stream*", lambda route: route.abort())
        tab.route("**/state", lambda route: route.abort())

    room = make_room("ann", size=3)
    tab = open_tab(f"/g/{room.public_id}", prepare=cut_off, but="ERR_FAILED")
    expect(tab.get_by_text("What you see may be out of date")).to_be_visible()
    tab.unroute("**/state")
    take_seat(room, make_member("cleo"))
    expect(tab.get_by_text("1 paying now")).to_be_visible(timeout=60_000)
    expect(tab.get_by_text("What you see may be out of date")).to_be_hidden()


def test_the_token_does_not_stay_in_the_address(open_tab: OpenTab) -> None:
    room = make_room("ann")
    tab = open_tab(room_link(room))
    assert urlsplit(tab.url).query == ""
    join = tab.get_by_role("link", name="Join for")
    carried = parse_qs(urlsplit(join.get_attribute("href") or "").query)["visit"]
    tab.reload()
    assert urlsplit(tab.url).query == ""
    again = parse_qs(urlsplit(join.get_attribute("href") or "").query)["visit"]
    assert again == [cookie_token(carried[0])]  # out of the cookie, and it says so
    # Whoever gets the address as it stands is brought by nobody's visit.
    other = open_tab(urlsplit(tab.url).path)
    assert "visit=" not in (other.get_by_role("link", name="Join for").get_attribute("href") or "")


def test_nor_where_cookies_are_refused(open_tab: OpenTab) -> None:
    def refuse(tab: Page) -> None:
        def without(route: Route) -> None:
            headers = {k: v for k, v in route.request.headers.items() if k != "cookie"}
            route.continue_(headers=headers)

        tab.route("**/g/**", without)

    room = make_room("ann")
    tab = open_tab(room_link(room), prepare=refuse)
    assert urlsplit(tab.url).query == ""
    tab.context.clear_cookies()
    tab.reload()
    assert "visit=" in (tab.get_by_role("link", name="Join for").get_attribute("href") or "")


def test_nor_without_javascript(open_tab: OpenTab) -> None:
    room = make_room("ann", held=("bob",))
    tab = open_tab(room_link(room), java_script_enabled=False)
    tab.wait_for_url(f"**/g/{room.public_id}")
    expect(tab.get_by_text("ann invites you to buy together")).to_be_visible()
    assert "visit=" in (tab.get_by_role("link", name="Join for").get_attribute("href") or "")
    told = tab.locator("noscript p")  # which Playwright knows by no other name
    expect(told).to_be_visible()
    assert "looks again every 30 seconds" in (told.text_content() or "")


def test_the_picture_is_drawn_and_can_be_kept(open_tab: OpenTab) -> None:
    room = make_room("ann")
    tab = open_tab(room_link(room))
    picture = tab.get_by_alt_text("Picture to share")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 750)
    with tab.expect_download() as kept:
        tab.get_by_role("link", name="Save the picture").click()
    assert kept.value.suggested_filename == "group.png"
    assert "/s/" in tab.get_by_role("textbox", name="Link").input_value()


def test_a_keyboard_reaches_the_way_in_first(open_tab: OpenTab) -> None:
    tab = open_tab(f"/g/{make_room('ann').public_id}", phone=False)
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Join for")).to_be_focused()


def test_without_javascript_the_page_says_when_it_ends(open_tab: OpenTab) -> None:
    room = make_room("ann")
    tab = open_tab(f"/g/{room.public_id}", java_script_enabled=False)
    ends = room.deadline_at.strftime("%H:%M")
    expect(tab.get_by_text("Ends", exact=False).first).to_contain_text(f"{ends} (UTC)")
    expect(tab.locator("[data-clock]")).to_be_hidden()
    expect(tab.get_by_role("link", name="Join for ¥49.00")).to_be_visible()


def test_a_hundred_seats_fit_a_phone(open_tab: OpenTab) -> None:
    tab = open_tab(f"/g/{make_room('ann', size=100, title='T' * 120).public_id}")
    expect(tab.get_by_role("heading", name="99 more people to go")).to_be_visible()

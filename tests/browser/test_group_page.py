"""bob looks at ann's room on his phone."""

import datetime as dt
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from apps.groupbuy.models import Room
from apps.groupbuy.services import rooms_turn
from apps.invites.models import Visit
from apps.invites.selectors import Brought, visit_by_token
from apps.invites.services import campaign_link
from tests.browser.conftest import OpenTab
from tests.makers import now
from tests.pages.makers import SHOP, make_room


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
    tab = open_tab("about:blank")
    tab.clock.install()
    tab.goto(f"/g/{room.public_id}")
    expect(tab.get_by_role("heading", name="3 more people to go")).to_be_visible()
    move_clock(3601)
    assert rooms_turn() == 1
    tab.clock.fast_forward("01:00:00")
    tab.clock.fast_forward("00:10")
    expect(tab.get_by_role("heading", name="This group did not fill up in time")).to_be_visible()


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

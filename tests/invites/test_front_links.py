"""Links with terms behind the front door: targets by platform, turns, and an end."""

import datetime as dt
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from apps.invites.front import Front
from apps.invites.models import Landing, Link, Target, Visit
from apps.invites.selectors import visit_by_token
from tests.invites.test_front import Counted, ask, django, door  # noqa: F401  its fixtures
from tests.makers import now
from tests.pages.makers import PHONE, make_link

WECHAT = f"{PHONE} MicroMessenger/8.0.49"


def way_in(body: str) -> str:
    return body.split('<a class="button" href="', 1)[1].split('"', 1)[0].replace("&amp;", "&")


def test_each_platform_keeps_a_page_of_its_own(door: Front, django: Counted) -> None:  # noqa: F811
    link = make_link("ann")
    landing = Landing.objects.create(campaign=link.participant.campaign)
    for platform, scheme in (("wechat", "weixin"), ("ios", "https")):
        address = f"{scheme}://dl/?q={{query}}"
        Target.objects.create(landing=landing, platform=platform, address=address)
    led = {}
    for agent in (WECHAT, PHONE, WECHAT, PHONE):
        answer = ask(door, f"/s/{link.code}", HTTP_USER_AGENT=agent)
        address = way_in(answer.body.decode())
        token = parse_qs(parse_qs(urlsplit(address).query)["q"][0])["visit"][0]
        assert visit_by_token(token).link == link  # encoded twice, it is filled in all the same
        led.setdefault(agent, set()).add(address.split(":")[0])
    assert led == {WECHAT: {"weixin"}, PHONE: {"https"}}
    assert django.asked == 2
    assert Visit.objects.count() == 4


def test_a_link_for_so_many_is_kept_by_nobody(door: Front, django: Counted) -> None:  # noqa: F811
    link = make_link("ann")
    Link.objects.update(is_default=False, max_opens=2)
    said = [
        ask(door, f"/s/{link.code}", REMOTE_ADDR=f"192.0.2.{number}").status for number in range(4)
    ]
    assert said == [200, 200, 410, 410]
    assert django.asked == 4
    assert Visit.objects.count() == 2


@pytest.mark.parametrize("field", ["expires_at", "starts_at"])
def test_a_page_is_not_shown_past_its_links_next_change(
    door: Front,  # noqa: F811
    django: Counted,  # noqa: F811
    field: str,
) -> None:
    link = make_link("ann")
    soon = now() + dt.timedelta(seconds=0.6)
    Link.objects.update(is_default=False, **{field: soon})
    first: Any = ask(door, f"/s/{link.code}").status
    time.sleep(max((soon - now()).total_seconds(), 0) + 0.05)
    then = ask(door, f"/s/{link.code}").status
    assert (first, then) == ((200, 410) if field == "expires_at" else (200, 200))
    assert Visit.objects.count() == 1

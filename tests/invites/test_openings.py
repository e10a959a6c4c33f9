"""How a link was opened: on what, by what, and by whom as a hash."""

import datetime as dt

import pytest

from apps.invites import openings
from apps.invites.models import Salt
from apps.invites.openings import opening_in, visitor_hash
from apps.invites.rules import is_previewer
from apps.invites.selectors import visit_by_token, visit_token
from apps.invites.services import salt_of_day, salts, salts_forget, visit_record
from tests.makers import now
from tests.pages.makers import PHONE, make_link

pytestmark = pytest.mark.django_db

AGENTS = {
    PHONE: "phone",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile": "phone",
    "Mozilla/5.0 (Linux; Android 14; SM-X810) AppleWebKit/537.36 Chrome/126.0.0.0": "tablet",
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148": "tablet",
    "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 ArkWeb/4.1.6.1 Mobile": "phone",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0": "desktop",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari": "desktop",
    f"{PHONE} MicroMessenger/8.0.60 miniProgram/wx1234": "mini_program",
    "okhttp/4.12.0": "app",
    "Shop/3 CFNetwork/1404 Darwin/22.3.0": "app",
    "something nobody knows": "",
    "": "",
}


@pytest.mark.parametrize(("agent", "device"), AGENTS.items(), ids=list(AGENTS.values()))
def test_devices_are_coarse(agent: str, device: str) -> None:
    assert opening_in({"REQUEST_METHOD": "GET", "HTTP_USER_AGENT": agent}).device == device


@pytest.mark.parametrize(
    "agent", ["WhatsApp/2.23.20", "facebookexternalhit/1.1", "Slackbot-LinkExpanding 1.0"]
)
def test_who_draws_a_card(agent: str) -> None:
    assert is_previewer(agent)
    assert not is_previewer(PHONE)


@pytest.fixture
def fresh_salts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has asked for no salt yet."""
    monkeypatch.setattr(salts, "_known", {})


def test_a_visitor_is_the_same_for_a_day(
    fresh_salts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    hashes = []
    for moment in (noon, noon + dt.timedelta(hours=11), noon + dt.timedelta(hours=13)):
        monkeypatch.setattr(openings.clock, "now", lambda moment=moment: moment)
        hashes.append(visitor_hash("192.0.2.1", PHONE))
    assert hashes[0] == hashes[1] != hashes[2]
    assert {len(one) for one in hashes} == {22}


def test_salts_are_the_same_for_every_process_and_forgotten(
    fresh_salts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = salt_of_day(now=now() - dt.timedelta(days=2))
    today = salt_of_day(now=now())
    monkeypatch.setattr(salts, "_known", {})
    assert salt_of_day(now=now()) == today != old
    assert salts_forget() == 1
    assert Salt.objects.count() == 1


def test_odd_texts_are_kept_as_they_are() -> None:
    channel = "a\"b\\c,{d}'é"
    opening = opening_in({"REQUEST_METHOD": "GET", "HTTP_USER_AGENT": "\ud800"})
    visit = visit_record(link=make_link(), opening=opening, channel=channel)
    visit.refresh_from_db()
    assert visit.channel == channel
    assert visit_by_token(visit_token(visit)) == visit

"""ann shares her link; whoever opens it sees who invites them, or why it leads nowhere."""

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import OperationalError
from django.test import Client

from apps.campaigns.models import Campaign
from apps.invites.models import Visit
from apps.invites.selectors import Brought, visit_by_token
from apps.invites.services import campaign_link, link_revoke
from tests.makers import make_member, now
from tests.pages.makers import PHONE, SHOP, make_link, make_room


def test_bob_opens_anns_link(phone: Client) -> None:
    link = make_link("ann", card_title="Tea tastes better together")
    answer = phone.get(f"/s/{link.code}?channel=chat")
    page = answer.content.decode()
    assert "ann invites you" in page
    assert "Tea tastes better together" in page
    visit = Visit.objects.get()
    assert (visit.link, visit.channel, visit.skipped) == (link, "chat", "")
    token = parse_qs(page.split(f'href="{SHOP}?', 1)[1].split('"', 1)[0])["visit"][0]
    assert visit_by_token(token) == visit


def test_the_page_is_fresh_and_runs_nothing_foreign(phone: Client) -> None:
    answer = phone.get(f"/s/{make_link().code}")
    assert "no-store" in answer["Cache-Control"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    page = answer.content.decode()
    assert "<script>" not in page
    assert "<style" not in page
    assert "style=" not in page


def test_messengers_find_a_card(phone: Client) -> None:
    link = make_link(card_picture_url="https://cdn.example/tea.jpg", card_title="Tea for two")
    page = phone.get(f"/s/{link.code}").content.decode()
    assert '<meta property="og:title" content="Tea for two">' in page
    assert '<meta property="og:image" content="https://cdn.example/tea.jpg">' in page
    assert f'<meta property="og:url" content="http://testserver/s/{link.code}">' in page


@pytest.mark.parametrize(
    ("headers", "skipped"),
    [
        ({}, ""),
        ({"Sec-Purpose": "prefetch;prerender"}, "prefetch"),
        ({"X-Purpose": "preview"}, "preview"),
        ({"User-Agent": "facebookexternalhit/1.1"}, "preview"),
        ({"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}, "bot"),
        ({"User-Agent": ""}, "bot"),
    ],
)
def test_only_people_are_counted(phone: Client, headers: dict[str, str], skipped: str) -> None:
    answer = phone.get(f"/s/{make_link().code}", headers={"User-Agent": PHONE, **headers})
    assert answer.status_code == 200
    assert Visit.objects.get().skipped == skipped


def test_head_is_kept_but_not_counted(phone: Client) -> None:
    answer = phone.head(f"/s/{make_link().code}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert Visit.objects.get().skipped == "head"


def test_nothing_else_than_looking_is_allowed(phone: Client) -> None:
    assert phone.post(f"/s/{make_link().code}").status_code == 405
    assert not Visit.objects.exists()


def test_a_nickname_stays_a_nickname(phone: Client) -> None:
    campaign = make_link().participant.campaign
    mallory = make_member("mallory")
    type(mallory.profile).objects.filter(member=mallory).update(
        nickname="<script>alert(1)</script>", avatar_url='https://x.example/"onerror="alert(1)'
    )
    link, _ = campaign_link(campaign=campaign, member_id=mallory.pk, brought=Brought(), now=now())
    page = phone.get(f"/s/{link.code}").content.decode()
    assert "<script>alert" not in page
    assert '"onerror=' not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; invites you" in page


def test_a_room_link_passes_on_to_its_room(phone: Client) -> None:
    room = make_room("ann", "bob")
    link, _ = campaign_link(
        campaign=room.offer.campaign,
        member_id=room.host_id,
        brought=Brought(),
        now=now(),
        room=room.public_id,
    )
    answer = phone.get(f"/s/{link.code}")
    assert answer.status_code == 302
    target = urlsplit(answer["Location"])
    assert target.path == f"/g/{room.public_id}"
    assert visit_by_token(parse_qs(target.query)["visit"][0]) == Visit.objects.get()


def test_an_unknown_code(phone: Client) -> None:
    answer = phone.get("/s/nosuchcode")
    assert answer.status_code == 404
    assert "This link leads nowhere" in answer.content.decode()


def test_a_revoked_link(phone: Client) -> None:
    link = make_link()
    link_revoke(link_id=link.pk)
    answer = phone.get(f"/s/{link.code}")
    assert answer.status_code == 410
    assert "no longer valid" in answer.content.decode()
    assert not Visit.objects.exists()


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"status": Campaign.Status.ENDED}, 410, "Spring tea is over"),
        ({"ends_at": now() - dt.timedelta(minutes=1)}, 410, "Spring tea is over"),
        ({"status": Campaign.Status.PAUSED}, 200, "Spring tea is taking a break"),
        ({"starts_at": now() + dt.timedelta(days=1)}, 200, "Spring tea has not started yet"),
    ],
)
def test_a_campaign_that_admits_nobody(
    phone: Client, changed: dict[str, object], status: int, words: str
) -> None:
    link = make_link()
    Campaign.objects.update(**changed)
    answer = phone.get(f"/s/{link.code}")
    assert (answer.status_code, words in answer.content.decode()) == (status, True)
    assert not Visit.objects.exists()


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_qr_codes(phone: Client, kind: str) -> None:
    answer = phone.get(f"/s/{make_link().code}/qr.{kind}")
    assert answer["Content-Type"] == {"svg": "image/svg+xml", "png": "image/png"}[kind]
    assert phone.get(f"/s/nosuchcode/qr.{kind}").status_code == 404
    assert not Visit.objects.exists()


def test_any_other_address(phone: Client) -> None:
    answer = phone.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_the_database_is_away(phone: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr("apps.invites.selectors.link_by_code", away)
    answer = phone.get("/s/anything")
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "Back in a moment" in answer.content.decode()

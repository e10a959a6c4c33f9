"""The front door answers what Django answers, and keeps every visit before it does."""

import asyncio
import datetime as dt
import re
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import RequestFactory

from apps.campaigns.models import Campaign
from apps.invites import front
from apps.invites.front import DRAWERS, HANDS, Answer, Front, asked
from apps.invites.models import Link, Visit
from apps.invites.selectors import Brought, visit_by_token
from apps.invites.services import campaign_link, link_revoke
from tests.makers import now
from tests.pages.makers import PHONE, make_link, make_room

TOKEN = re.compile(r"(vis_\w{22})(:|%3A)([\w-]{43})")
PASSING = re.compile(r"(?i)(expires[=:]|ratelimit-\w+:)[^;\n]+")


class Counted:
    """Django's application, which counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self._django = get_wsgi_application()

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        self.asked += 1
        return self._django(environ, start)


@pytest.fixture
def django(committed: None) -> Counted:
    return Counted()


@pytest.fixture
def door(django: Counted) -> Iterator[Front]:
    door = Front(django)
    yield door
    let_go(door._drawers, DRAWERS)
    let_go(door._gathering._hands, HANDS)


def let_go(pool: ThreadPoolExecutor, threads: int) -> None:
    """End a pool's threads with their connections."""
    meet = threading.Barrier(threads)

    def leave(_thread: int) -> None:
        meet.wait(10)
        connections.close_all()

    list(pool.map(leave, range(threads)))
    pool.shutdown()


def ask(door: Any, path: str, method: str = "GET", **meta: str) -> Answer:
    """What the front door, or Django behind it, answers to a phone."""
    meta = {"HTTP_USER_AGENT": PHONE, "REMOTE_ADDR": "203.0.113.7", **meta}
    environ = RequestFactory().generic(method, path, **meta).environ
    if isinstance(door, Front):
        return asyncio.run(door.answer(environ))
    return asked(door, environ)


def told(answer: Answer) -> str:
    return "\n".join([str(answer.status), *map(": ".join, answer.headers), answer.body.decode()])


def plain(answer: Answer) -> str:
    """An answer without what is another each time."""
    return PASSING.sub("", TOKEN.sub("TOKEN", told(answer)))


def token(answer: Answer) -> str:
    found = TOKEN.search(told(answer))
    assert found
    return f"{found[1]}:{found[3]}"


def make_room_link() -> Link:
    room = make_room("ann", "bob")
    link, _ = campaign_link(
        campaign=room.offer.campaign,
        member_id=room.host_id,
        brought=Brought(),
        now=now(),
        room=room.public_id,
    )
    return link


@pytest.mark.parametrize("make", [make_link, make_room_link])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_answers_what_django_answers_but_for_the_token(
    door: Front, django: Counted, make: Any, method: str
) -> None:
    path = f"/s/{make().code}?channel=chat"
    slow, first, second = (ask(where, path, method) for where in (django, door, door))
    assert plain(slow) == plain(first) == plain(second)
    assert django.asked == 2  # the slow one, and to draw the page
    visits = [visit_by_token(token(answer)) for answer in (slow, first, second)]
    assert len({visit.click_id for visit in visits}) == 3
    assert {visit.channel for visit in visits} == {"chat"}
    skipped = [visit.skipped for visit in visits]
    assert skipped == (["", "repeat", "repeat"] if method == "GET" else ["head"] * 3)


def test_length_is_told_as_it_is(door: Front) -> None:
    path = f"/s/{make_link().code}"
    for answer in (ask(door, path), ask(door, path)):
        assert dict(answer.headers)["Content-Length"] == str(len(answer.body))


def test_a_name_is_no_token(door: Front) -> None:
    """What somebody calls themselves is shown as it is, whatever it looks like."""
    link = make_link("vis_0000000000000000000000")
    for _ in range(2):
        assert b"vis_0000000000000000000000 invites you" in ask(door, f"/s/{link.code}").body


def test_who_opens_a_link_is_told_apart_and_not_kept(door: Front) -> None:
    path = f"/s/{make_link().code}"
    for address in ("203.0.113.7", "203.0.113.8", "203.0.113.7"):
        ask(door, path, REMOTE_ADDR=address)
    first, other, again = Visit.objects.order_by("pk")
    assert [visit.skipped for visit in (first, other, again)] == ["", "", "repeat"]
    assert first.visitor == again.visitor != other.visitor
    assert "203" not in first.visitor
    assert first.device == "phone"


def test_what_differs_is_drawn_anew(door: Front, django: Counted) -> None:
    path = f"/s/{make_link().code}"
    pages = [
        ask(door, path),
        ask(door, path, HTTP_HOST="127.0.0.1"),
        ask(door, path, HTTP_X_FORWARDED_PROTO="https"),
        ask(door, f"{path}?channel=chat"),
    ]
    assert django.asked == len(pages)
    assert b"http://testserver/s/" in pages[0].body
    assert b"http://127.0.0.1/s/" in pages[1].body


def test_a_revoked_link_is_refused_at_once(door: Front) -> None:
    link = make_link()
    assert ask(door, f"/s/{link.code}").status == 200
    link_revoke(link_id=link.pk)
    answer = ask(door, f"/s/{link.code}")
    assert (answer.status, b"no longer valid" in answer.body) == (410, True)
    assert Visit.objects.count() == 1


def test_a_campaign_that_ends_is_over_on_time(door: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    link = make_link(ends_at=now() + dt.timedelta(seconds=1))
    monkeypatch.setattr(front, "FRESH_SECONDS", 60.0)
    assert ask(door, f"/s/{link.code}").status == 200
    time.sleep(1.05)
    assert ask(door, f"/s/{link.code}").status == 410


def test_a_change_of_the_campaign_is_seen_soon(
    door: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "FRESH_SECONDS", 0.0)
    link = make_link()
    ask(door, f"/s/{link.code}")
    Campaign.objects.update(status=Campaign.Status.PAUSED)
    assert b"is taking a break" in ask(door, f"/s/{link.code}").body


@pytest.mark.parametrize("path", ["/s/nosuchcode", "/livez", "/s/", "/s/nosuchcode/qr.png"])
def test_the_rest_is_djangos(door: Front, django: Counted, path: str) -> None:
    assert plain(ask(door, path)) == plain(ask(django, path))


def test_served_it_answers_what_the_web_server_answers(
    committed: None, served: str, fronted: str
) -> None:
    """The real programs, over HTTP."""
    link, room_link = make_link(), make_room_link()
    paths = [f"/s/{link.code}?channel=chat", f"/s/{room_link.code}", "/s/nosuchcode", "/livez"]
    headers = {"User-Agent": PHONE, "Host": "shop.example"}
    for path in (*paths, *paths):
        answers = [httpx.get(f"{base}{path}", headers=headers) for base in (served, fronted)]
        web, ours = [as_told(answer) for answer in answers]
        assert web == ours
    assert Visit.objects.filter(skipped="").count() == 2
    assert httpx.head(f"{fronted}{paths[0]}", headers=headers).content == b""
    assert httpx.post(f"{fronted}{paths[0]}", headers=headers).status_code == 405
    assert Visit.objects.count() == 9


def as_told(answer: httpx.Response) -> str:
    headers = tuple(
        pair for pair in sorted(answer.headers.items()) if pair[0] not in ("date", "server")
    )
    return plain(Answer(answer.status_code, headers, answer.content))


def test_an_hour_later_it_is_a_visit_again_and_others_are_nobodys_repeat(door: Front) -> None:
    path = f"/s/{make_link().code}"
    ask(door, path)
    Visit.objects.update(opened_at=now() - dt.timedelta(minutes=59))
    ask(door, path)
    Visit.objects.update(opened_at=now() - dt.timedelta(minutes=61))
    ask(door, path)
    ask(door, path, HTTP_USER_AGENT="Googlebot/2.1 (+http://www.google.com/bot.html)")
    ask(door, f"/s/{make_link('cleo').code}")
    skipped = list(Visit.objects.order_by("pk").values_list("skipped", flat=True))
    assert skipped == ["", "repeat", "", "bot", ""]


@pytest.mark.parametrize("make", [make_link, make_room_link])
def test_no_header_and_no_way_out_is_put_in_by_an_address(door: Front, make: Any) -> None:
    code = make().code
    odd = "channel=%0d%0aX-Evil:%201&visit=https://evil.example&next=//evil.example"
    for path in (f"/s/{code}?{odd}", f"/s/{code}%0d%0aX-Evil:%201", f"/s/{code}?{odd}"):
        answer = ask(door, path)
        assert answer.status in (200, 302, 404)
        assert "evil" not in "\n".join(map(": ".join, answer.headers)).lower()
        assert b"evil.example" not in answer.body

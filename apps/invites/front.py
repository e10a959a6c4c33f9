"""The front door: opened links, answered without Django and kept many at a time.

It answers what it has seen Django answer: on the first opening of a link it has the view draw the page
on a sheet, with a blank for the token, through all of the middleware. For a moment others get the same
page, each with a visit of their own, which is durable before they are answered. Everything unusual goes
to Django: what is no page of an open link, a link that is being revoked, a database that is away. One
that hangs would hold Django, too: nobody waits longer than it is given, and then the page says so.
"""

import asyncio
import io
import logging
import math
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpResponse

from apps.core import clock, guesses
from apps.core.ids import new_id
from apps.core.middleware import away_page
from apps.invites import selectors, services
from apps.invites.gathering import Gathering
from apps.invites.openings import opening_in
from apps.invites.rules import Opening, platform_of, skip_reason
from apps.invites.services.visits import Kept, Opened
from apps.invites.sheets import SHEET, Page, Sheet

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Key = tuple[str, ...]
T = TypeVar("T")

PAGES = "/s/"
# How long a page is shown as it was drawn. A revoked link is refused at once, whatever is shown.
FRESH_SECONDS = 2.0
# How much longer, while somebody draws it anew.
STALE_SECONDS = 1.0
MOST_PAGES = 2_000
# Statements a process has under way at a time: while one waits for the disk, another works.
HANDS = 2
# Requests that Django works on at a time.
DRAWERS = 4
# How much longer than a statement an answer may take, in seconds: Django asks more than one.
GRACE_SECONDS = 1.0
# What an open link is answered with: its page, or the way to its room.
_OPENED = (200, 302)


@dataclass(frozen=True)
class Answer:
    """What is answered to a request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Front:
    """An RSGI application in front of Django's WSGI `application`, for whoever only looks."""

    def __init__(self, application: Application) -> None:
        self._application = application
        patience = settings.DB_PATIENCE_SECONDS
        self._longest = patience + GRACE_SECONDS if patience else None
        self._pages: dict[Key, Page] = {}
        self._drawing: set[Key] = set()
        self._drawers = ThreadPoolExecutor(DRAWERS, thread_name_prefix="drawer")
        self._gathering: Gathering[Opened, Kept] = Gathering(_keep, hands=HANDS)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.method not in ("GET", "HEAD"):
            protocol.response_str(405, [("content-type", "text/plain")], "Only looking is allowed.")
            return
        answer = await self.answer(environ_of(scope))
        protocol.response_bytes(answer.status, list(answer.headers), answer.body)

    async def answer(self, environ: Environ) -> Answer:
        """The page of a link, its visit kept; for all else what Django answers; 503 when it takes long.

        A visit that nobody was answered for may be kept.
        """
        try:
            async with asyncio.timeout(self._longest):
                return await self._answer(environ)
        except TimeoutError:
            log.error("nothing came of %s in %s s", environ["PATH_INFO"], self._longest)
            return _of(away_page())

    async def _answer(self, environ: Environ) -> Answer:
        if not _opens_a_link(environ):
            return await self._django(environ)
        try:
            answer = await self._opened(environ)
        except (DatabaseError, InterfaceError):
            answer = None
        return answer or await self._django(environ)

    async def _opened(self, environ: Environ) -> Answer | None:
        """The page, its visit kept; what Django says instead of one; None when Django has to do it."""
        if guesses.is_over(environ):
            return None
        now = clock.now()
        if not services.is_salt_known(now=now):
            await self._in_thread(partial(services.salt_of_day, now=now))
        opening = opening_in(environ, now=now)
        key = _key(environ, opening)
        page = self._page(key) or await self._drawn(key, environ)
        if isinstance(page, Answer):
            return page
        click_id = new_id("vis")
        opened = Opened(
            click_id,
            page.link_id,
            page.channel,
            opening.device,
            opening.visitor,
            skip_reason(opening),
        )
        if await self._gathering.bring(opened) is None:
            self._pages.pop(key, None)
            return None
        return Answer(page.status, *page.filled(click_id, selectors.visit_signature(click_id)))

    def _page(self, key: Key) -> Page | None:
        """The page as it was drawn, if it may still be shown."""
        page, now = self._pages.get(key), time.monotonic()
        if page is None or now >= page.good_until:
            return None
        return page if now < page.fresh_until or key in self._drawing else None

    async def _drawn(self, key: Key, environ: Environ) -> Page | Answer:
        """The page, drawn now by Django and kept for others; or what Django says instead."""
        sheet = Sheet()
        self._drawing.add(key)
        try:
            answer = await self._django({**environ, SHEET: sheet})
        finally:
            self._drawing.discard(key)
        if sheet.link_id is None or answer.status not in _OPENED:
            return answer
        page = _page_of(sheet, sheet.link_id, answer)
        if len(self._pages) >= MOST_PAGES:
            self._pages.clear()
        self._pages[key] = page
        return page

    async def _django(self, environ: Environ) -> Answer:
        return await self._in_thread(partial(asked, self._application, environ))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._drawers, work)


def _keep(visits: Sequence[Opened]) -> Mapping[str, Kept]:
    """Keep visits on this thread's connection, which is another one after an error."""
    try:
        return services.visits_keep(visits=visits, waits=False)
    except Exception:
        connection.close()
        raise


def _of(response: HttpResponse) -> Answer:
    return Answer(response.status_code, tuple(response.items()), response.content)


def asked(application: Application, environ: Environ) -> Answer:
    """What a WSGI application answers."""
    begun: list[Answer] = []

    def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
        begun.append(Answer(int(status[:3]), tuple(headers), b""))

    parts = application(environ, start)
    try:
        return replace(begun[-1], body=b"".join(parts))
    finally:
        if hasattr(parts, "close"):
            parts.close()


def environ_of(scope: Any) -> Environ:
    """The variables of a WSGI request without a body, as of an RSGI scope."""
    host, _, port = scope.server.rpartition(":")
    environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        variable = f"HTTP_{name.upper().replace('-', '_')}"
        environ[variable] = f"{environ[variable]},{value}" if variable in environ else value
    return environ


def _opens_a_link(environ: Environ) -> bool:
    """Whether somebody looks at /s/{code}, and at nothing below it."""
    path: str = environ["PATH_INFO"]
    return path.startswith(PAGES) and "/" not in path[len(PAGES) :]


def _key(environ: Environ, opening: Opening) -> Key:
    """All of a request that a page may hang on (see `Sheet`)."""
    return (
        opening.method,
        environ["PATH_INFO"],
        environ["QUERY_STRING"],
        environ.get("HTTP_HOST", ""),
        environ["wsgi.url_scheme"],
        environ.get("HTTP_X_FORWARDED_PROTO", ""),
        opening.device,
        platform_of(environ.get("HTTP_USER_AGENT", "")),
    )


def _page_of(sheet: Sheet, link_id: int, answer: Answer) -> Page:
    now = time.monotonic()
    left = (sheet.until - clock.now()).total_seconds() if sheet.until else math.inf
    return Page(
        link_id=link_id,
        channel=sheet.channel,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        fresh_until=now + min(left, FRESH_SECONDS),
        good_until=now + min(left, FRESH_SECONDS + STALE_SECONDS),
    )

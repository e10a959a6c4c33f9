"""The front door: opened links are answered before Django, and kept many at a time.

It answers what it has seen Django answer: on the first opening of a link it has the view draw the page
on a sheet, with a blank for the token, through all of the middleware. For a moment others get the same
page, each with a visit of their own, which is durable before they are answered. Everything unusual goes
to Django: what is no page of an open link, a link that is being revoked, a database that is away.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections

from apps.core import clock
from apps.core.ids import new_id
from apps.invites import selectors, services
from apps.invites.gathering import Gathering
from apps.invites.openings import opening_in
from apps.invites.rules import Opening, skip_reason
from apps.invites.services.visits import Kept, Opened
from apps.invites.sheets import SHEET, Page, Sheet

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Key = tuple[str, ...]

PAGES = "/s/"
# How long a page is shown as it was drawn. A revoked link is refused at once, whatever is shown.
FRESH_SECONDS = 2.0
# How much longer, while somebody draws it anew.
STALE_SECONDS = 1.0
MOST_PAGES = 2_000
# What an open link is answered with: its page, or the way to its room.
_OPENED = ("200", "302")


@dataclass
class Answer:
    """What is answered; at first nothing. Called as WSGI's `start_response`."""

    status: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __call__(self, status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
        self.status, self.headers = status, tuple(headers)


class Front:
    """`application`, with opened links answered in front of it."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._pages: dict[Key, Page] = {}
        self._drawing: set[Key] = set()
        self._connection = connections.create_connection(DEFAULT_DB_ALIAS)
        self._connection.inc_thread_sharing()  # one thread at a time uses it
        self._gathering: Gathering[Opened, Kept] = Gathering(self._keep)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not _opens_a_link(environ):
            return self._application(environ, start_response)
        try:
            answer = self._answer(environ)
        except (DatabaseError, InterfaceError):
            answer = None
        if answer is None:
            return self._application(environ, start_response)
        start_response(answer.status, list(answer.headers))
        return [answer.body]

    def close(self) -> None:
        """Let go of the connection; the next visit opens another."""
        self._connection.close()

    def _answer(self, environ: Environ) -> Answer | None:
        """The page, its visit kept; what Django says instead of one; None when Django has to do it."""
        opening = opening_in(environ)
        key = _key(environ, opening)
        page = self._page(key) or self._drawn(key, environ)
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
        if self._gathering.bring(opened) is None:
            self._pages.pop(key, None)
            return None
        return Answer(page.status, *page.filled(click_id, selectors.visit_signature(click_id)))

    def _keep(self, visits: Sequence[Opened]) -> Mapping[str, Kept]:
        try:
            return services.visits_keep(visits=visits, waits=False, on=self._connection)
        except Exception:
            self._connection.close()
            raise

    def _page(self, key: Key) -> Page | None:
        """The page as it was drawn, if it may still be shown."""
        page, now = self._pages.get(key), time.monotonic()
        if page is None or now >= page.good_until:
            return None
        return page if now < page.fresh_until or key in self._drawing else None

    def _drawn(self, key: Key, environ: Environ) -> Page | Answer:
        """The page, drawn now by Django and kept for others; or what Django says instead."""
        sheet, answer = Sheet(), Answer()
        self._drawing.add(key)
        try:
            parts = self._application({**environ, SHEET: sheet}, answer)
            answer.body = b"".join(parts)
            if hasattr(parts, "close"):
                parts.close()
            if sheet.link_id is None or not answer.status.startswith(_OPENED):
                return answer
            page = _page_of(sheet, sheet.link_id, answer)
            if len(self._pages) >= MOST_PAGES:
                self._pages.clear()
            self._pages[key] = page
        finally:
            self._drawing.discard(key)
        return page


def _opens_a_link(environ: Environ) -> bool:
    """Whether somebody looks at /s/{code}, and at nothing below it."""
    path: str = environ["PATH_INFO"]
    return (
        path.startswith(PAGES)
        and "/" not in path[len(PAGES) :]
        and environ["REQUEST_METHOD"] in ("GET", "HEAD")
    )


def _key(environ: Environ, opening: Opening) -> Key:
    """All of a request that a page may hang on (see `Sheet`)."""
    return (
        opening.method,
        environ["PATH_INFO"],
        environ.get("QUERY_STRING", ""),
        environ.get("HTTP_HOST", ""),
        environ.get("wsgi.url_scheme", ""),
        environ.get("HTTP_X_FORWARDED_PROTO", ""),
        opening.device,
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

"""Reading from a request how a link was opened, and the addresses links are shown under."""

import base64
import datetime as dt
import functools
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crawlerdetect import CrawlerDetect
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ua_parser import parse

from apps.core import clock
from apps.core.proxies import client_address
from apps.invites import rules, services
from apps.invites.models import Link
from apps.invites.rules import Opening

_PURPOSES = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
_crawlers = CrawlerDetect()


def opening_of(request: HttpRequest) -> Opening:
    """How a page was opened: method, purpose, user agent, and by whom as a hash."""
    return opening_in(request.META)


def opening_in(
    meta: Mapping[str, Any], *, named: str = "", now: dt.datetime | None = None
) -> Opening:
    """The same from the variables of a WSGI request, at `now` if that was read before.

    People are told apart by address, user agent, language and what they are `named`, of which nothing
    but the hash is kept.
    """
    agent = meta.get("HTTP_USER_AGENT", "")
    seen = _read(agent, rules.is_mini_program_page(meta.get("HTTP_REFERER", "")))
    language = meta.get("HTTP_ACCEPT_LANGUAGE", "")
    return Opening(
        method=meta["REQUEST_METHOD"],
        purpose=",".join([meta[name] for name in _PURPOSES if name in meta]),
        is_bot=seen.is_bot,
        is_previewer=seen.is_previewer,
        device=seen.device,
        visitor=visitor_hash(client_address(meta), agent, language, named, now=now),
    )


def opening_by_phone(meta: Mapping[str, Any], *, named: str, is_member: bool) -> Opening:
    """How a link was opened by a phone that calls the API: by the member `named`, else as told apart.

    The libraries that apps call with are apps here; elsewhere they are scripts.
    """
    opening = opening_in(meta, named=named)
    is_bot = opening.is_bot and not rules.is_app_client(meta.get("HTTP_USER_AGENT", ""))
    visitor = visitor_hash(named) if is_member else opening.visitor
    return replace(opening, is_bot=is_bot, visitor=visitor)


def opening_by_shop(meta: Mapping[str, Any], *, named: str) -> Opening:
    """How a link was opened, as a shop's server reports it: its own user agent says nothing of whom.

    An empty name is nobody who could be told again.
    """
    opening = opening_in(meta)
    visitor = visitor_hash(named) if named else ""
    return replace(opening, is_bot=False, visitor=visitor)


def visitor_hash(*told: str, now: dt.datetime | None = None) -> str:
    """A visitor under the salt of the day: the same for a day, and nobody's afterwards."""
    salt = services.salt_of_day(now=now or clock.now())
    digest = hmac.digest(salt, "\0".join(told).encode("utf-8", "replace"), "sha256")
    return base64.urlsafe_b64encode(digest[:16])[:22].decode()


@dataclass(frozen=True)
class _Seen:
    is_bot: bool
    is_previewer: bool
    device: str


@functools.lru_cache(maxsize=4096)
def _read(agent: str, in_mini_program: bool) -> _Seen:
    """What a user agent tells. Crawlers are looked for by a thousand expressions: so it is kept."""
    found = parse(agent[:500].encode("utf-8", "replace").decode())
    device = rules.device_of(
        agent,
        system=found.os.family if found.os else "",
        model=found.device.family if found.device else "",
        in_mini_program=in_mini_program,
    )
    is_bot = not agent or bool(_crawlers.isCrawler(agent))
    return _Seen(is_bot, rules.is_previewer(agent), device)


def public_url(request: HttpRequest, path: str) -> str:
    """An absolute address of this engine, under PUBLIC_URL where it is set."""
    return (
        f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
    )


def link_url(request: HttpRequest, link: Link) -> str:
    """The address to share."""
    return public_url(request, reverse("share", args=[link.code]))

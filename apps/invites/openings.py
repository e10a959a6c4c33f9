"""Reading from a request how a link was opened, and the addresses links are shown under."""

from crawlerdetect import CrawlerDetect
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from apps.invites.models import Link
from apps.invites.rules import Opening

_crawlers = CrawlerDetect()


def opening_of(request: HttpRequest) -> Opening:
    """Method, purpose headers and whether the user agent is a known crawler or preview."""
    agent = request.headers.get("User-Agent", "")
    purpose = ",".join(
        request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
    )
    return Opening(str(request.method), purpose, is_bot=not agent or _crawlers.isCrawler(agent))


def public_url(request: HttpRequest, path: str) -> str:
    """An absolute address of this engine, under PUBLIC_URL where it is set."""
    return (
        f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
    )


def link_url(request: HttpRequest, link: Link) -> str:
    """The address to share."""
    return public_url(request, reverse("share", args=[link.code]))

"""What the pages of a link show: everything of the link, and of the request as little as can be.

A page depends on the link, on what is `Seen` of the request, and on the token of the visit, which is
the only thing no two visits share. Whoever keeps pages may draw one with a stand-in for the token and
put each visit's own in its place, if tokens are of unreserved characters alone (A–Z a–z 0–9 - . _ ~):
addresses carry them percent-encoded, once or twice.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.campaigns.models import Campaign
from apps.core import clock
from apps.invites.models import Link
from apps.invites.rules import (
    Afterwards,
    LinkKind,
    Platform,
    Standing,
    filled,
    platform_of,
    utm_of,
)
from apps.invites.selectors.links import target_of
from apps.members.selectors import Face, faces

# Everything a page needs is ours, but pictures are where the shop keeps them.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src * data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

VISIT_COOKIE = "visit"


@dataclass(frozen=True)
class Seen:
    """What of a request a link's page depends on. Pages that are kept are kept by this."""

    origin: str
    platform: Platform = Platform.DESKTOP
    utm: tuple[tuple[str, str], ...] = ()

    def address(self, path: str) -> str:
        """An absolute address of this engine."""
        return f"{self.origin}{path}"


def seen_in(request: HttpRequest) -> Seen:
    """The address shoppers see us under, the platform, and the campaign parameters that go on."""
    origin = settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
    return Seen(
        origin,
        platform_of(request.headers.get("User-Agent", "")),
        utm_of(request.META.get("QUERY_STRING", "")),
    )


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    connects: str = "",
) -> HttpResponse:
    """A page for shoppers, under a strict content security policy.

    `connects` says where its script may fetch from.
    """
    response = render(request, template, context, status=status)
    policy = f"{PAGE_POLICY}; connect-src {connects}" if connects else PAGE_POLICY
    response["Content-Security-Policy"] = policy
    return response


def shop_address(campaign: Campaign, **carried: str) -> str:
    """Where the shop takes it from here, with what is not empty of `carried`; "" without a shop."""
    return filled(campaign.shop_url, carried)


def share_context(link: Link, seen: Seen, token: str) -> dict[str, Any]:
    """What the page of an open link shows to a visitor with this token. Two queries."""
    campaign = link.participant.campaign
    owner = link.participant.member_id
    return {
        "campaign": campaign,
        "title": title_of(campaign),
        "inviter": faces({owner}).get(owner, Face("", "")),
        "is_early": clock.now() < campaign.starts_at,
        "variant": link.participant.variant,
        "code": link.code,
        **ways_on(
            campaign,
            seen,
            code=link.code,
            visit=token,
            variant=link.participant.variant,
            offer=link.reference if link.kind == LinkKind.OFFER else "",
        ),
        **addresses_of(link, seen),
    }


def closed_context(link: Link, why: Standing, seen: Seen) -> dict[str, Any]:
    """What the page of a link that does not open says, and what it offers instead."""
    campaign = link.participant.campaign
    goes_on = why in (Standing.EXPIRED, Standing.EXHAUSTED)
    return {
        "why": why.value,
        "link": link,
        "campaign": campaign,
        "title": title_of(campaign),
        "shows_campaign": goes_on and link.afterwards == Afterwards.CAMPAIGN,
        "shop_url": shop_address(campaign, **dict(seen.utm)),
    }


def onward(link: Link, why: Standing, seen: Seen) -> str:
    """Where a link that is over sends on to at once, as whoever made it wished; "" for its page."""
    goes_on = why in (Standing.EXPIRED, Standing.EXHAUSTED)
    if not goes_on or link.afterwards != Afterwards.SHOP:
        return ""
    return shop_address(link.participant.campaign, **dict(seen.utm))


def title_of(campaign: Campaign) -> str:
    return campaign.card_title or campaign.name


def addresses_of(link: Link, seen: Seen) -> dict[str, str]:
    """The addresses of a link: what is passed on is absolute, what the page itself shows is not."""
    return {
        "url": seen.address(reverse("share", args=[link.code])),
        "card_url": seen.address(reverse("share-card", args=[link.code])),
        "qr_svg": reverse("share-qr-svg", args=[link.code]),
        "poster_url": reverse("share-poster", args=[link.code]),
    }


def ways_on(campaign: Campaign, seen: Seen, *, code: str = "", **carried: str) -> dict[str, str]:
    """The ways on from a page: into the platform's target, to its app store, and to the shop.

    Each carries what is not empty of `carried`, and the campaign parameters. Without a target the shop
    is the only way, and the first. One query.
    """
    told = {**carried, **dict(seen.utm)}
    shop = shop_address(campaign, **told)
    target = target_of(campaign, seen.platform)
    if target is None:
        return {"join_url": shop, "app_store_url": "", "web_url": ""}
    return {
        "join_url": filled(target.address, told, code=code),
        "app_store_url": filled(target.store_address, told, code=code),
        "web_url": shop,
    }

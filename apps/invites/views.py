"""The share page: what somebody sees who opens a link, and its QR codes."""

import datetime as dt
import io
from typing import Any
from urllib.parse import urlencode

import qrcode
import qrcode.image.svg
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import is_shown
from apps.core import clock
from apps.core.errors import NotFound
from apps.invites import selectors, services
from apps.invites.models import Link
from apps.invites.openings import link_url, opening_of, public_url
from apps.members.selectors import Face, faces

# Everything a page needs is ours, but pictures are where the shop keeps them.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src * data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

VISIT_COOKIE = "visit"


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
    base = campaign.shop_url
    query = urlencode({name: value for name, value in carried.items() if value})
    if not base or not query:
        return base
    return f"{base}{'&' if '?' in base else '?'}{query}"


@require_safe
@never_cache
def share(request: HttpRequest, code: str) -> HttpResponse:
    """Open a link: keep the visit, then show the campaign, or pass on to the link's room.

    The visit's token goes on in the address, so it survives refused cookies. Unknown and revoked
    links get a page that says so, and keep no visit.
    """
    try:
        link = selectors.link_by_code(code)
    except NotFound:
        return page(request, "invites/gone.html", {"why": "unknown"}, status=404)
    campaign = link.participant.campaign
    why = "revoked" if link.revoked_at is not None else _why_closed(campaign, clock.now())
    if why:
        context = {"why": why, "campaign": campaign, "shop_url": shop_address(campaign)}
        return page(request, "invites/gone.html", context, status=_CLOSED_STATUS.get(why, 200))
    visit = services.visit_record(
        link=link, opening=opening_of(request), channel=request.GET.get("channel", "")[:32]
    )
    token = selectors.visit_token(visit)
    if link.room:
        return _to_room(request, link, token)
    return page(request, "invites/share.html", _share_context(request, link, token))


def _to_room(request: HttpRequest, link: Link, token: str) -> HttpResponse:
    """On to the room, the token both in a cookie and in the address.

    Where the cookie is taken the page takes it out of the address; else it goes on there.
    """
    room = reverse("group", args=[link.room])
    response = redirect(f"{room}?{urlencode({'visit': token})}")
    response.set_cookie(
        VISIT_COOKIE,
        selectors.cookie_token(token),
        max_age=link.participant.campaign.attribution_window,
        path=room,
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )
    return response


_CLOSED_STATUS = {"revoked": 410, "ended": 410}


def _why_closed(campaign: Campaign, now: dt.datetime) -> str:
    """Why a campaign admits nobody: "paused", "early" or "ended"; "" when it does.

    It does so during the pre-heating before its start, too.
    """
    if is_shown(campaign, now):
        return ""
    stopped = campaign.stopped_at is not None and campaign.status != Campaign.Status.ENDED
    if campaign.status == Campaign.Status.PAUSED or stopped:
        return "paused"
    return "early" if now < campaign.starts_at else "ended"


def _share_context(request: HttpRequest, link: Link, token: str) -> dict[str, Any]:
    campaign = link.participant.campaign
    owner = link.participant.member_id
    variant = link.participant.variant
    return {
        "campaign": campaign,
        "title": campaign.card_title or campaign.name,
        "inviter": faces({owner}).get(owner, Face("", "")),
        "is_early": clock.now() < campaign.starts_at,
        "variant": variant,
        "join_url": shop_address(campaign, visit=token, variant=variant),
        "code": link.code,
        "url": link_url(request, link),
        "qr_svg": reverse("share-qr-svg", args=[link.code]),
        "qr_png": public_url(request, reverse("share-qr-png", args=[link.code])),
    }


@require_safe
@cache_control(public=True, max_age=86400)
def qr_png(request: HttpRequest, code: str) -> HttpResponse:
    """The link as a QR code, PNG. 404 for an unknown code."""
    return _qr(request, code, None, "image/png")


@require_safe
@cache_control(public=True, max_age=86400)
def qr_svg(request: HttpRequest, code: str) -> HttpResponse:
    """The link as a QR code, SVG. 404 for an unknown code."""
    return _qr(request, code, qrcode.image.svg.SvgPathImage, "image/svg+xml")


def _qr(request: HttpRequest, code: str, factory: type | None, content_type: str) -> HttpResponse:
    try:
        link = selectors.link_by_code(code)
    except NotFound:
        return HttpResponse(status=404)
    drawn = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=2)
    drawn.add_data(link_url(request, link))
    picture = drawn.make_image(image_factory=factory) if factory else drawn.make_image()
    out = io.BytesIO()
    picture.save(out)
    return HttpResponse(out.getvalue(), content_type=content_type)

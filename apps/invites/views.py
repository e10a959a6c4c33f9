"""The share page: what somebody sees who opens a link, and its QR codes."""

import io

import qrcode
import qrcode.image.svg
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from apps.campaigns.selectors import is_running
from apps.core import clock
from apps.core.errors import NotFound
from apps.invites import selectors, services
from apps.invites.openings import link_url, opening_of, public_url
from apps.members.selectors import Face, faces

VISIT_COOKIE = "visit"


@require_safe
def share(request: HttpRequest, code: str) -> HttpResponse:
    """Open a link: keep the visit, then show the campaign, or pass on to the link's room.

    The visit's token goes on in the address, so it survives refused cookies. Unknown and revoked
    links get a page that says so.
    """
    try:
        link = selectors.link_by_code(code)
    except NotFound:
        return render(request, "invites/gone.html", {"unknown": True}, status=404)
    campaign = link.participant.campaign
    if link.revoked_at is not None or not is_running(campaign, clock.now()):
        return render(request, "invites/gone.html", {"campaign": campaign})
    visit = services.visit_record(
        link=link, opening=opening_of(request), channel=request.GET.get("channel", "")[:32]
    )
    token = selectors.visit_token(visit)
    if link.room:
        return redirect(f"{reverse('group', args=[link.room])}?visit={token}")
    owner = link.participant.member_id
    return render(
        request,
        "invites/share.html",
        {
            "campaign": campaign,
            "title": campaign.card_title or campaign.name,
            "inviter": faces({owner}).get(owner, Face("", "")),
            "visit_token": token,
            "code": code,
            "url": link_url(request, link),
            "qr_svg": reverse("share-qr-svg", args=[code]),
            "qr_png": public_url(request, reverse("share-qr-png", args=[code])),
        },
    )


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

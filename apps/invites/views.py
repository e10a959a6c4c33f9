"""The share page: what somebody sees who opens a link; its QR codes, poster and card."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.campaigns.models import Campaign
from apps.core import clock, guesses
from apps.invites import poster, qr, selectors, services
from apps.invites.models import Link
from apps.invites.openings import opening_of
from apps.invites.pages import (
    VISIT_COOKIE,
    Seen,
    closed_context,
    onward,
    page,
    seen_in,
    share_context,
    title_of,
)
from apps.invites.poster import Poster
from apps.invites.selectors import links as link_selectors
from apps.invites.services import LinkClosed
from apps.invites.sheets import SHEET
from apps.members.selectors import Face, faces

# Pictures of a link change when somebody changes their nickname or a logo: seldom, and not at once.
PICTURES_KEPT = 3600


View = Callable[[HttpRequest, str], HttpResponse]


def guarded(view: View) -> View:
    """Answer an unknown code with one page, whatever was asked of it, and count it.

    Whoever has tried too many is refused, also where they are right.
    """

    @functools.wraps(view)
    def look(request: HttpRequest, code: str) -> HttpResponse:
        counted: Mapping[str, str] = {}
        try:
            guesses.demand_few(request.META)
            return view(request, code)
        except selectors.LinkUnknown:
            response = page(request, "invites/gone.html", {"why": "unknown"}, status=404)
            counted = guesses.guessed(request.META)
        except guesses.TooManyGuesses as error:
            response = page(request, "invites/gone.html", {"why": "guesses"}, status=error.status)
            counted = error.headers
        for name, value in counted.items():
            response[name] = value
        return response

    return look


@require_safe
@never_cache
@guarded
def share(request: HttpRequest, code: str) -> HttpResponse:
    """Open a link: keep the visit, then show the campaign, or pass on to the link's room.

    The visit's token goes on in the address, so it survives refused cookies. Links that are unknown
    or do not open get a page that says so, and keep no visit; one that is over may send on. Where the
    front door asks for a sheet, the page is drawn with a blank in place of the token, and the front
    door keeps the visits, unless each has to take its turn.
    """
    link = selectors.link_by_code(code)
    seen, now = seen_in(request), clock.now()
    channel = request.GET.get("channel", "")[:32] or link.channel
    sheet = request.META.get(SHEET)
    try:
        if sheet is not None and link.max_opens is None:
            services.link_demand_open(link=link, now=now)
            until = link_selectors.changes_at(link, now)
            token = sheet.draw(link=link, channel=channel, until=until)
        else:
            opening = opening_of(request)
            visit = services.link_open(link=link, opening=opening, channel=channel, now=now)
            token = selectors.visit_token(visit)
    except LinkClosed as closed:
        return _closed(request, link, closed, seen)
    if link.room:
        return _to_room(request, link, token, seen)
    return page(request, "invites/share.html", share_context(link, seen, token))


def _closed(request: HttpRequest, link: Link, closed: LinkClosed, seen: Seen) -> HttpResponse:
    """Why the link does not open: 410 where it is over, else a page like any other."""
    address = onward(link, closed.standing, seen)
    if address:
        return HttpResponseRedirect(address)
    context = closed_context(link, closed.standing, seen)
    status = 410 if closed.status == 410 else 200
    return page(request, "invites/gone.html", context, status=status)


def _to_room(request: HttpRequest, link: Link, token: str, seen: Seen) -> HttpResponse:
    """On to the room, the token both in a cookie and in the address; campaign parameters go along.

    Where the cookie is taken the page takes it out of the address; else it goes on there.
    """
    room = reverse("group", args=[link.room])
    carried = urlencode({"visit": token, **dict(seen.utm)})
    response = redirect(f"{room}?{carried}")
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


def _kept_a_while(view: View) -> View:
    """Have a picture that was found kept for an hour, and nothing else."""

    @functools.wraps(view)
    def look(request: HttpRequest, code: str) -> HttpResponse:
        response = view(request, code)
        if response.status_code == 200:
            patch_cache_control(response, public=True, max_age=PICTURES_KEPT)
        else:
            add_never_cache_headers(response)
        return response

    return look


@require_safe
@_kept_a_while
@guarded
def qr_png(request: HttpRequest, code: str) -> HttpResponse:
    """The link as a QR code, PNG. `level` is L, M, Q or H; a logo asks for H. 404 for no such link."""
    return _picture(qr.png(_code_of(request, code)), "image/png")


@require_safe
@_kept_a_while
@guarded
def qr_svg(request: HttpRequest, code: str) -> HttpResponse:
    """The same as SVG, to be printed at any size."""
    return _picture(qr.svg(_code_of(request, code)), "image/svg+xml")


@require_safe
@_kept_a_while
@guarded
def poster_png(request: HttpRequest, code: str) -> HttpResponse:
    """A poster of the link: who invites, to what, and a QR code. A room's link has its room's."""
    link = selectors.link_by_code(code)
    if link.room:
        return redirect(f"{reverse('group-poster', args=[link.room])}?link={link.code}")
    return _picture(poster.drawn(_poster(request, link)), "image/png")


@require_safe
@_kept_a_while
@guarded
def card_png(request: HttpRequest, code: str) -> HttpResponse:
    """The card messengers show beside the link, where the campaign has no picture of its own."""
    link = selectors.link_by_code(code)
    # What is as wide as a card has no room for a picture beside its words.
    return _picture(
        poster.card(dataclasses.replace(_poster(request, link), picture=None)), "image/png"
    )


def _picture(content: bytes, content_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Security-Policy"] = "default-src 'none'; img-src data:"
    return response


def _code_of(request: HttpRequest, code: str) -> qr.Code:
    link = selectors.link_by_code(code)
    level = request.GET.get("level", "").upper()
    return qr.Code(
        _address(request, link),
        level if level in qr.LEVELS else qr.DEFAULT_LEVEL,
        link_selectors.logo_of(link.participant.campaign),
    )


def _address(request: HttpRequest, link: Link) -> str:
    return seen_in(request).address(reverse("share", args=[link.code]))


def _poster(request: HttpRequest, link: Link) -> Poster:
    campaign = link.participant.campaign
    owner = link.participant.member_id
    face = faces({owner}).get(owner, Face("", ""))
    return Poster(
        who=f"{face.nickname or 'A friend'} invites you",
        initial=(face.nickname or "+")[:1],
        title=title_of(campaign),
        lines=tuple(_lines(campaign)),
        call="Scan to join",
        address=_address(request, link),
        picture=link_selectors.picture_of(campaign),
        logo=link_selectors.logo_of(campaign),
    )


def _lines(campaign: Campaign) -> list[str]:
    lines = [campaign.name] if title_of(campaign) != campaign.name else []
    if campaign.ends_at is not None:
        ends = campaign.ends_at.astimezone(ZoneInfo(campaign.time_zone))
        lines.append(f"Until {ends:%-d %B %Y, %H:%M} ({campaign.time_zone})")
    return lines

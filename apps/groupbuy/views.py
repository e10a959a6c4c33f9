"""The group page: a room as a shopper sees it, and the picture to share it with."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import parse_etags
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.core.errors import NotFound
from apps.core.templatetags.money import money
from apps.groupbuy import selectors
from apps.groupbuy.addresses import streams_origin
from apps.groupbuy.models import Room
from apps.groupbuy.poster import Poster, drawn
from apps.groupbuy.rules import TERMINAL, RoomStatus, Showing, final_price
from apps.groupbuy.selectors import RoomView
from apps.invites.models import Link
from apps.invites.openings import link_url, public_url
from apps.invites.pages import VISIT_COOKIE, page, seen_in, shop_address, ways_on
from apps.invites.selectors import face_of, guest_link, is_visit_token, visit_named

_SHARED = (Showing.OPEN, Showing.FULL, Showing.SOLD_OUT, Showing.PAUSED)
# How long a page without JavaScript shows what it has.
REFRESH_SECONDS = 30


@require_safe
@never_cache
def group(request: HttpRequest, room_id: str) -> HttpResponse:
    """Progress, faces, countdown, what is missing, and the way to join; or how the room ended."""
    try:
        room = selectors.room_by_public_id(room_id)
    except NotFound:
        return page(request, "groupbuy/gone.html", {}, status=404)
    visit = _visit(request)
    # Deadlines are the database's business, and so is the clock that counts down to them.
    view = selectors.room_view(room, clock.engine_now())
    link = guest_link(visit.token, room.offer.campaign)
    context = {
        **_state_context(view),
        "summary": _summary(view),
        "picture_url": room.offer.picture_url or room.offer.campaign.card_picture_url,
        "inviter": face_of(link),
        "visit": visit,
        "is_over": room.status in TERMINAL,
        "refresh_seconds": REFRESH_SECONDS,
        **_addresses(request, view, visit.token, link),
    }
    connects = f"'self' {streams_origin(request)}".strip()
    return page(request, "groupbuy/group.html", context, connects=connects)


@require_safe
def state(request: HttpRequest, room_id: str) -> HttpResponse:
    """The part of the page that changes; 304 while it is as the browser has it."""
    mark = selectors.room_marks([room_id]).get(room_id)
    if mark is None:
        return HttpResponse(status=404)
    etag = f'W/"{mark.text}"'
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponse(status=304)
    else:
        room = selectors.room_by_public_id(room_id)
        response = HttpResponse(state_text(selectors.room_view(room, clock.engine_now())))
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    return response


def state_text(view: RoomView) -> str:
    """The part of the page that changes. It is the same for everybody."""
    return render_to_string("groupbuy/state.html", _state_context(view))


@require_safe
@cache_control(public=True, max_age=3600)
def poster(request: HttpRequest, room_id: str) -> HttpResponse:
    """The room as a picture with a QR code: of the link named by `link`, else of the group page.

    404 for a room that nobody can share, unknown or not opened yet.
    """
    try:
        room = selectors.room_by_public_id(room_id)
    except NotFound:
        return HttpResponse(status=404)
    if room.status == RoomStatus.PENDING:
        return HttpResponse(status=404)
    link = _link_of(room, request.GET.get("link", ""))
    view = selectors.room_view(room, clock.engine_now())
    url = link_url(request, link) if link else _page_url(request, room)
    return HttpResponse(drawn(_poster(view, link, url)), content_type="image/png")


@dataclass(frozen=True)
class _Visit:
    """What brought whoever looks: a token of ours, and whether a cookie carries it."""

    token: str
    in_address: bool
    in_cookie: bool


def _visit(request: HttpRequest) -> _Visit:
    """The token in the address, which is the latest, else the one of the cookie."""
    told = request.GET.get(VISIT_COOKIE, "")
    kept = request.COOKIES.get(VISIT_COOKIE, "")
    token = next((token for token in (told, kept) if token and is_visit_token(token)), "")
    in_cookie = bool(token) and visit_named(token) == visit_named(kept)
    return _Visit(token, in_address=bool(told), in_cookie=in_cookie)


def _state_context(view: RoomView) -> dict[str, Any]:
    room = view.room
    return {
        "view": view,
        "room": room,
        "offer": room.offer,
        "campaign": room.offer.campaign,
        "currency": room.offer.campaign.currency,
        "state": view.state.value,
        "words": view.words,
        "can_join": view.state is Showing.OPEN,
        "is_active": room.status not in TERMINAL and room.status != RoomStatus.PENDING,
        "can_share": view.state in _SHARED,
        "items": view.items,
        "stepped": _stepped(view),
        "numbers": view.numbers,
    }


def _stepped(view: RoomView) -> list[dict[str, Any]]:
    """The items whose price falls with the headcount, with the steps and where the room stands."""
    shown = []
    for item in view.items:
        steps = sorted(item.steps, key=lambda step: step.headcount)
        if not steps:
            continue
        ladder = [(1, item.group_price_minor), *((s.headcount, s.price_minor) for s in steps)]
        now = final_price(item, view.headcount)
        rungs = [
            {
                "headcount": headcount,
                "price_minor": price,
                "reached": headcount <= max(view.headcount, 1),
                "is_now": price == now,
                "to_go": max(headcount - view.headcount, 0),
            }
            for headcount, price in ladder
        ]
        shown.append({"item": item, "rungs": rungs, "now_minor": now})
    return shown


def _addresses(
    request: HttpRequest, view: RoomView, token: str, link: Link | None
) -> dict[str, str]:
    room, campaign = view.room, view.room.offer.campaign
    shared = link if link and link.room == room.public_id else None
    poster_path = reverse("group-poster", args=[room.public_id])
    code = link.code if link else ""
    return {
        **ways_on(campaign, seen_in(request), code=code, room=room.public_id, visit=token),
        "shop_url": shop_address(campaign, visit=token),
        "clean_url": reverse("group", args=[room.public_id]),
        "share_url": link_url(request, shared) if shared else _page_url(request, room),
        "poster_url": f"{poster_path}?link={shared.code}" if shared else poster_path,
        "poster_address": public_url(request, poster_path),
        "state_url": reverse("group-state", args=[room.public_id]),
        "stream_url": reverse("room-stream", args=[room.public_id]) + "?as=page",
    }


def _page_url(request: HttpRequest, room: Room) -> str:
    return public_url(request, reverse("group", args=[room.public_id]))


def _link_of(room: Room, code: str) -> Link | None:
    """A living link to this room, with this code."""
    found = Link.objects.filter(code=code[:32], room=room.public_id, revoked_at=None)
    return found.select_related("participant").first() if code else None


def _poster(view: RoomView, link: Link | None, url: str) -> Poster:
    campaign = view.room.offer.campaign
    who = (face_of(link) or view.host).nickname
    item = view.items[0] if view.items else None
    steps = sorted(item.steps, key=lambda step: step.headcount) if item else []
    price = item.group_price_minor if item else 0
    alone = item.single_price_minor if item else 0
    return Poster(
        who=f"{who or 'A friend'} buys together",
        initial=(who or "+")[:1],
        title=view.room.offer.title,
        price=money(price, campaign.currency) if item else "",
        instead_of=money(alone, campaign.currency) if alone > price else "",
        terms=(
            *(
                f"{step.headcount} people: {money(step.price_minor, campaign.currency)}"
                for step in steps[:3]
            ),
            f"Group of {view.room.size}{_until(view)}",
        ),
        call="Scan to join the group",
        url=url,
    )


def _until(view: RoomView) -> str:
    room = view.room
    if room.deadline_at is None:
        return ""
    zone = room.offer.campaign.time_zone
    ends = room.deadline_at.astimezone(ZoneInfo(zone))
    return f" · until {ends:%-d %B, %H:%M} ({zone})"


def _summary(view: RoomView) -> str:
    """One line for the card a messenger shows."""
    if view.state not in (Showing.OPEN, Showing.FULL, Showing.PENDING):
        return f"{view.words.title}."
    who = view.host.nickname or "A friend"
    if not view.items:
        return f"{who} buys together with others."
    currency = view.room.offer.campaign.currency
    together, alone = view.items[0].group_price_minor, view.items[0].single_price_minor
    return f"{who} buys together: {money(together, currency)} instead of {money(alone, currency)}."

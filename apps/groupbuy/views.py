"""The group page: a room as a shopper sees it."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.core.errors import NotFound
from apps.groupbuy import selectors
from apps.groupbuy.models import Room
from apps.groupbuy.rules import RoomStatus


@require_safe
def group(request: HttpRequest, room_id: str) -> HttpResponse:
    """Progress, faces, countdown, what is missing, and the way to join; or how the room ended."""
    try:
        room = selectors.room_by_public_id(room_id)
    except NotFound:
        return render(request, "groupbuy/gone.html", status=404)
    if room.status == RoomStatus.PENDING:
        return render(request, "groupbuy/gone.html", status=404)
    shown = selectors.room_view(room, clock.now())
    item = room.offer.items.order_by("pk").first()
    return render(
        request,
        "groupbuy/group.html",
        {
            "view": shown,
            "room": room,
            "offer": room.offer,
            "item": item,
            "currency": room.offer.campaign.currency,
            "join_url": _join_url(room, request.GET.get("visit", "")),
            "is_open": room.status == RoomStatus.OPEN and shown.seconds_left > 0,
        },
    )


def _join_url(room: Room, visit: str) -> str:
    """Where the shop takes it from here; empty when the campaign names no such place."""
    base = room.offer.campaign.shop_url
    if not base:
        return ""
    query = {"room": room.public_id, **({"visit": visit} if visit else {})}
    return f"{base}{'&' if '?' in base else '?'}{urlencode(query)}"

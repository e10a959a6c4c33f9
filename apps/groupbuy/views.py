"""The group page: a room as a shopper sees it."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.campaigns.selectors import is_running
from apps.core import clock
from apps.core.errors import NotFound
from apps.core.templatetags.money import money
from apps.groupbuy import selectors
from apps.groupbuy.models import OfferItem
from apps.groupbuy.rules import TERMINAL, RoomStatus
from apps.groupbuy.selectors import RoomView
from apps.invites.views import page, shop_address


@require_safe
@never_cache
def group(request: HttpRequest, room_id: str) -> HttpResponse:
    """Progress, faces, countdown, what is missing, and the way to join; or how the room ended.

    A room whose host has not paid yet is nobody's business: 404, as for an unknown one.
    """
    try:
        room = selectors.room_by_public_id(room_id)
    except NotFound:
        return page(request, "groupbuy/gone.html", {}, status=404)
    if room.status == RoomStatus.PENDING:
        return page(request, "groupbuy/gone.html", {}, status=404)
    # Deadlines are the database's business, and so is the clock that counts down to them.
    shown = selectors.room_view(room, clock.engine_now())
    campaign = room.offer.campaign
    items = list(room.offer.items.order_by("pk"))
    visit = request.GET.get("visit", "")
    context = {
        "view": shown,
        "room": room,
        "offer": room.offer,
        "items": items,
        "currency": campaign.currency,
        "picture_url": room.offer.picture_url or campaign.card_picture_url,
        "summary": _summary(shown, items),
        "state": _state(shown, items),
        "join_url": shop_address(campaign, room=room.public_id, visit=visit),
        "shop_url": shop_address(campaign, visit=visit),
    }
    return page(request, "groupbuy/group.html", context)


def _state(shown: RoomView, items: list[OfferItem]) -> str:
    """What the page has to say: "open" when somebody may join, else why not, or how it ended."""
    room = shown.room
    if room.status in TERMINAL:
        return str(room.status)
    if room.status == RoomStatus.CLOSING or shown.seconds_left == 0:
        return "closing"
    if shown.free <= 0:
        return "full"
    if all(item.stock <= item.held + item.sold for item in items):
        return "sold_out"
    return "open" if is_running(room.offer.campaign, shown.now) else "paused"


def _summary(shown: RoomView, items: list[OfferItem]) -> str:
    """One line for the card a messenger shows."""
    host = next((place.face for place in shown.places if place.is_host and place.face), None)
    who = (host.nickname if host else "") or "A friend"
    if not items:
        return f"{who} buys together with others."
    currency = shown.room.offer.campaign.currency
    together, alone = items[0].group_price_minor, items[0].single_price_minor
    return f"{who} buys together: {money(together, currency)} instead of {money(alone, currency)}."

"""The terms of an offer, and of a room that opened with them."""

from dataclasses import replace

from apps.groupbuy.models import Offer, OfferItem, Room
from apps.groupbuy.rules import (
    AtDeadline,
    CoolDown,
    Limits,
    Overflow,
    RoomItem,
    Settlement,
    Step,
    Terms,
    terms_from_json,
)


def offer_terms(offer: Offer) -> Terms:
    """What a room of this offer would keep if it opened now: two queries."""
    items = offer.items.prefetch_related("steps").order_by("pk")
    return replace(offer_rules(offer), items=tuple(_room_item(item) for item in items))


def _room_item(item: OfferItem) -> RoomItem:
    return RoomItem(
        item.pk,
        item.sku,
        item.name,
        item.single_price_minor,
        item.group_price_minor,
        tuple(sorted(Step(step.headcount, step.price_minor) for step in item.steps.all())),
    )


def offer_rules(offer: Offer) -> Terms:
    """The terms of an offer but for its items: no query."""
    return Terms(
        at_deadline=AtDeadline(offer.at_deadline),
        minimum_seats=offer.minimum_seats,
        overflow=Overflow(offer.overflow),
        settlement=Settlement(offer.settlement),
        max_quantity=offer.max_quantity,
        limits=Limits(offer.rooms_hosted_limit, offer.seats_limit, offer.open_limit),
        cool_down=_cool_down(offer),
        new_members_only=offer.new_members_only,
        host_discount_minor=offer.host_discount_minor,
    )


def _cool_down(offer: Offer) -> CoolDown | None:
    if offer.cooldown_after is None:
        return None
    return CoolDown(offer.cooldown_after, offer.cooldown_window, offer.cooldown)


def room_terms(room: Room) -> Terms:
    """The terms a room opened with; no query. A room that kept none lives by its offer's."""
    return terms_from_json(room.terms) if room.terms else offer_terms(room.offer)

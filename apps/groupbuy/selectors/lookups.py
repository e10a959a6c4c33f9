"""Finding one offer, room or seat by its public id."""

from apps.groupbuy.errors import OfferUnknown, RoomUnknown, SeatUnknown
from apps.groupbuy.models import Offer, Room, Seat


def offer_by_public_id(public_id: str, *, is_test: bool) -> Offer:
    """The offer of a published campaign. Raises OfferUnknown."""
    offer = (
        Offer.objects.select_related("campaign")
        .prefetch_related("items__steps")
        .filter(public_id=public_id, campaign__is_test=is_test)
        .exclude(campaign__status="draft")
        .first()
    )
    if offer is None:
        raise OfferUnknown()
    return offer


def room_by_public_id(public_id: str, *, is_test: bool | None = None) -> Room:
    """The room with its offer and campaign, in live or test mode (None: either).

    Raises RoomUnknown.
    """
    rooms = Room.objects.select_related("offer__campaign").filter(public_id=public_id)
    if is_test is not None:
        rooms = rooms.filter(offer__campaign__is_test=is_test)
    room = rooms.first()
    if room is None:
        raise RoomUnknown()
    return room


def seat_by_public_id(public_id: str, *, is_test: bool) -> Seat:
    """The seat with its room and item. Raises SeatUnknown."""
    seat = (
        Seat.objects.select_related("room__offer__campaign", "item", "member")
        .filter(public_id=public_id, member__is_test=is_test)
        .first()
    )
    if seat is None:
        raise SeatUnknown()
    return seat

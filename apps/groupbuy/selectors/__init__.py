"""Reading offers, rooms and seats."""

from apps.groupbuy.selectors.friends import friends_of
from apps.groupbuy.selectors.lists import Listed, Spot, listed_rooms, member_rooms
from apps.groupbuy.selectors.lookups import (
    offer_by_public_id,
    room_by_public_id,
    seat_by_public_id,
)
from apps.groupbuy.selectors.marks import Mark, room_marks
from apps.groupbuy.selectors.terms import offer_rules, offer_terms, room_terms
from apps.groupbuy.selectors.views import (
    OwnSeat,
    Place,
    RoomView,
    own_seats,
    room_view,
    room_views,
)

__all__ = [
    "Listed",
    "Mark",
    "OwnSeat",
    "Place",
    "RoomView",
    "Spot",
    "friends_of",
    "listed_rooms",
    "member_rooms",
    "offer_by_public_id",
    "offer_rules",
    "offer_terms",
    "own_seats",
    "room_by_public_id",
    "room_marks",
    "room_terms",
    "room_view",
    "room_views",
    "seat_by_public_id",
]

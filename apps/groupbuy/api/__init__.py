"""Doors: offers, rooms and seats."""

from apps.groupbuy.api.mine import MyRoomsView
from apps.groupbuy.api.offers import OfferRoomsView, OffersView, OfferView
from apps.groupbuy.api.rooms import RoomLinksView, RoomLinkView, RoomStreamView, RoomView
from apps.groupbuy.api.seats import RoomSeatsView, SeatSwapView, SeatView

__all__ = [
    "MyRoomsView",
    "OfferRoomsView",
    "OfferView",
    "OffersView",
    "RoomLinkView",
    "RoomLinksView",
    "RoomSeatsView",
    "RoomStreamView",
    "RoomView",
    "SeatSwapView",
    "SeatView",
]

"""Offers, rooms, seats, and the refunds the shop owes."""

from apps.groupbuy.models.offers import Offer, OfferItem, StepPrice
from apps.groupbuy.models.refunds import RefundOrder
from apps.groupbuy.models.rooms import Room, Seat

__all__ = ["Offer", "OfferItem", "RefundOrder", "Room", "Seat", "StepPrice"]

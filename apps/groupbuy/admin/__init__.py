"""What operators see of group buying."""

from apps.groupbuy.admin.facts import OfferItemAdmin, RefundOrderAdmin, RoomAdmin, SeatAdmin
from apps.groupbuy.admin.offers import OfferAdmin

__all__ = ["OfferAdmin", "OfferItemAdmin", "RefundOrderAdmin", "RoomAdmin", "SeatAdmin"]

"""The ledger, and what stands on it: the programme's terms, reservations and adjustments."""

from apps.points.models.adjustments import Adjustment
from apps.points.models.ledger import Account, Lot, Taking, Transfer
from apps.points.models.programme import Programme
from apps.points.models.reservations import Reservation

__all__ = ["Account", "Adjustment", "Lot", "Programme", "Reservation", "Taking", "Transfer"]

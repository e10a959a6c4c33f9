"""What reporting an order would do. It reads, takes no lock and writes nothing.

Which campaigns the order counts in is asked of the same function as for a real report, what it gives
of the same `decide`; caps and the budget are looked at as they are now. What the opening or the
completion of a room gives everybody in it is not.
"""

from apps.checkout.dry_run.counting import Counted, Decided
from apps.checkout.dry_run.seats import SeatForecast
from apps.checkout.dry_run.trying import DryRun, order_dry_run

__all__ = ["Counted", "Decided", "DryRun", "SeatForecast", "order_dry_run"]

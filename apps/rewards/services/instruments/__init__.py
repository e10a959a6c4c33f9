"""The instruments by the kind of award, in the order in which their rows are locked."""

from apps.campaigns.rules import AwardKind
from apps.rewards.services.instruments.base import Exhausted, Instrument, Taken
from apps.rewards.services.instruments.coupons import Coupons
from apps.rewards.services.instruments.gifts import Gifts
from apps.rewards.services.instruments.growth import Growth
from apps.rewards.services.instruments.payables import Payables
from apps.rewards.services.instruments.points import Points

# Coupons and obligations before point accounts: the global lock order.
INSTRUMENTS: dict[AwardKind, Instrument] = {
    AwardKind.COUPON: Coupons(),
    AwardKind.CUSTOM: Gifts(),
    AwardKind.PAYABLE: Payables(),
    AwardKind.GROWTH: Growth(),
    AwardKind.POINTS: Points(),
}
LOCK_ORDER = {kind: turn for turn, kind in enumerate(INSTRUMENTS)}

__all__ = ["INSTRUMENTS", "LOCK_ORDER", "Exhausted", "Instrument", "Taken"]

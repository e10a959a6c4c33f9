"""Which lots pay, what an earning repays first, what points are worth, what a refund gives back.

All amounts are whole points and whole minor units. Every division rounds down: never more points
than an order may take, and never more worth than they have.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

DEFAULT_RESERVATION_TTL = dt.timedelta(minutes=30)
BPS = 10_000


@dataclass(frozen=True)
class OpenLot:
    """Points still left of one earning. Lots of one account have ids that grow with their age."""

    lot_id: int
    remaining: int
    expires_at: dt.datetime | None = None


@dataclass(frozen=True)
class Taken:
    """`amount` points out of one lot."""

    lot_id: int
    amount: int


@dataclass(frozen=True)
class Repayment:
    """How an earning is divided: what repays debt, and the rest that can be spent."""

    repaid: int
    rest: int


def take_from_lots(lots: Iterable[OpenLot], amount: int) -> list[Taken]:
    """Take `amount` points, or as many as there are: soonest expiry first, then the oldest.

    Points that never expire are taken last. The order of `lots` does not matter.
    """
    taken = []
    for lot in sorted(lots, key=_turn):
        if amount <= 0:
            break
        part = min(lot.remaining, amount)
        if part > 0:
            taken.append(Taken(lot.lot_id, part))
            amount -= part
    return taken


def _turn(lot: OpenLot) -> tuple[bool, float, int]:
    expiry = lot.expires_at.timestamp() if lot.expires_at else 0.0
    return lot.expires_at is None, expiry, lot.lot_id


def give_back(takings: Iterable[OpenLot], amount: int) -> list[Taken]:
    """Give `amount` points back into what they were taken from: what lives longest comes first.

    The reverse of taking, so a part that is given back is the part that was taken last.
    """
    given = []
    for taking in sorted(takings, key=_turn, reverse=True):
        part = min(taking.remaining, amount)
        if part > 0:
            given.append(Taken(taking.lot_id, part))
            amount -= part
    return given


def points_to_return(*, captured: int, returned: int, refunded_minor: int, paid_minor: int) -> int:
    """How many more of an order's captured points a refund gives back, 0 or more.

    In all floor(captured × refunded / paid), all of them once everything paid is refunded or nothing
    was paid but points. By the sum refunded so far, so parts end like the whole.
    """
    if refunded_minor >= paid_minor:
        return captured - returned
    return max(captured * max(refunded_minor, 0) // paid_minor - returned, 0)


def one_operator_may(amount: int, *, used: int, limit: int) -> bool:
    """Whether one operator may adjust by `amount` alone who `used` so much of the limit already."""
    return abs(amount) + used <= limit


def worth_minor(points: int, *, worth_of_100_minor: int) -> int:
    """What points are worth: floor(points × rate / 100) in minor units."""
    return points * worth_of_100_minor // 100


@dataclass(frozen=True)
class Usable:
    """How many points may pay how much of an order; `reason` says why none, "" when some may."""

    points: int = 0
    worth_minor: int = 0
    reason: str = ""


@dataclass(frozen=True)
class PayTerms:
    """What points pay: the rate of 100 points, and the largest share of an order."""

    worth_of_100_minor: int
    max_share_bps: int


def usable(terms: PayTerms, *, available: int, order_minor: int) -> Usable:
    """The fewest points that pay as much of an order as the member has and the share allows.

    The order takes at most floor(order × share / 10,000). Points pay whole minor units only: those
    that would buy a fraction more stay with the member.
    """
    if terms.worth_of_100_minor <= 0 or terms.max_share_bps <= 0:
        return Usable(reason="points_pay_nothing")
    if available <= 0:
        return Usable(reason="no_points")
    has = worth_minor(available, worth_of_100_minor=terms.worth_of_100_minor)
    takes = max(order_minor, 0) * terms.max_share_bps // BPS
    if has == 0:
        return Usable(reason="too_few_points")
    if takes == 0:
        return Usable(reason="order_too_small")
    points = -(-min(has, takes) * 100 // terms.worth_of_100_minor)
    worth = worth_minor(points, worth_of_100_minor=terms.worth_of_100_minor)
    if worth > takes:  # one point is worth several minor units: pay with one less
        points -= 1
        worth = worth_minor(points, worth_of_100_minor=terms.worth_of_100_minor)
    return Usable(points, worth) if worth else Usable(reason="order_too_small")


def repay_first(amount: int, *, owed: int) -> Repayment:
    """Divide an earning of `amount` points when `owed` points (0 or more) are still due."""
    repaid = min(amount, owed)
    return Repayment(repaid, amount - repaid)

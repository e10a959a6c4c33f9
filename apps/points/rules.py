"""Which lots pay, and what an earning repays first. All amounts are whole points."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass


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


def repay_first(amount: int, *, owed: int) -> Repayment:
    """Divide an earning of `amount` points when `owed` points (0 or more) are still due."""
    repaid = min(amount, owed)
    return Repayment(repaid, amount - repaid)

"""Points earned: on hold, then settled or void, and taken back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from apps.core.transactions import in_transaction
from apps.points import rules
from apps.points.models import Transfer
from apps.points.services import one_statement
from apps.points.services.ledger import (
    Effects,
    End,
    Instruction,
    Kind,
    Leg,
    NotEnoughPending,
    demand_amount,
    move,
    moved_before,
    open_lots,
    points_of,
    purse_for,
)
from apps.points.services.purses import Purpose, Purse


@dataclass(frozen=True)
class Settled:
    """What a settlement did: `available` points to spend, `repaid` points against debt."""

    available: int
    repaid: int


@dataclass(frozen=True)
class ClawedBack:
    """What a claw back did: `taken` points that were there, `owed` points that became debt."""

    taken: int
    owed: int


def points_pend(
    *,
    member_id: int,
    amount: int,
    key: str,
    reference: str,
    now: dt.datetime,
    purse: Purse | None = None,
) -> Transfer:
    """Issue points to a member, on hold until they are settled or void.

    Raises TransferConflict. Locks the member's accounts, unless their `purse` is locked already.
    """
    asked = Instruction(key, amount, reference, now)
    demand_amount(asked)
    if purse is None and (pended := one_statement.pend(member_id, asked)):
        return pended
    return _pend(member_id, asked, purse)


@in_transaction
def _pend(member_id: int, asked: Instruction, purse: Purse | None) -> Transfer:
    amount, purse = asked.amount, purse_for(member_id, asked, purse)
    moved = move(asked, purse, Leg(Kind.PEND, Purpose.ISSUANCE, purse.pending, amount))
    return (moved or moved_before(asked, purse, Kind.PEND))[0]


def points_settle(
    *,
    member_id: int,
    amount: int,
    key: str,
    reference: str,
    now: dt.datetime,
    expires_at: dt.datetime | None = None,
    purse: Purse | None = None,
) -> Settled:
    """End the hold on points: they repay debt first, the rest can be spent until `expires_at`.

    Without `expires_at` for as long after `now` as the programme says. Raises NotEnoughPending and
    TransferConflict. Locks the member's accounts, unless their `purse` is locked already.
    """
    asked = Instruction(key, amount, reference, now)
    demand_amount(asked)
    if purse is None and (settled := one_statement.settle(member_id, asked, expires_at)):
        return _settled(settled)
    return _settle(member_id, asked, expires_at, purse)


@in_transaction
def _settle(
    member_id: int, asked: Instruction, expires_at: dt.datetime | None, purse: Purse | None
) -> Settled:
    amount, purse = asked.amount, purse_for(member_id, asked, purse)
    moved: list[Transfer] = []
    if purse.pending.balance >= amount:
        legs = earned_legs(Kind.SETTLE, purse.pending, purse, amount)
        effects = Effects(opens=True, expires_at=expires_at, by_programme=expires_at is None)
        moved = move(asked, purse, *legs, effects=effects)
    moved = moved or moved_before(asked, purse, Kind.SETTLE, Kind.REPAY)
    if not moved:
        raise NotEnoughPending()
    return _settled(moved)


def _settled(moved: Sequence[Transfer]) -> Settled:
    return Settled(available=points_of(moved, Kind.SETTLE), repaid=points_of(moved, Kind.REPAY))


def earned_legs(kind: Kind, source: End, purse: Purse, amount: int) -> list[Leg]:
    """An earning's legs: what repays debt first, and the rest for the member to spend."""
    parts = rules.repay_first(amount, owed=-purse.debt.balance)
    legs = []
    if parts.repaid:
        legs.append(Leg(Kind.REPAY, source, purse.debt, parts.repaid, ":debt"))
    if parts.rest:
        legs.append(Leg(kind, source, purse.available, parts.rest))
    return legs


@in_transaction
def points_void(
    *,
    member_id: int,
    amount: int,
    key: str,
    reference: str,
    now: dt.datetime,
    purse: Purse | None = None,
) -> Transfer:
    """Take points back that are still on hold.

    Raises NotEnoughPending and TransferConflict. Locks the member's accounts, unless their `purse`
    is locked already.
    """
    asked = Instruction(key, amount, reference, now)
    purse = purse_for(member_id, asked, purse)
    moved: list[Transfer] = []
    if purse.pending.balance >= amount:
        moved = move(asked, purse, Leg(Kind.VOID, purse.pending, Purpose.ISSUANCE, amount))
    moved = moved or moved_before(asked, purse, Kind.VOID)
    if not moved:
        raise NotEnoughPending()
    return moved[0]


@in_transaction
def points_claw_back(
    *,
    member_id: int,
    amount: int,
    key: str,
    reference: str,
    now: dt.datetime,
    purse: Purse | None = None,
) -> ClawedBack:
    """Take settled points back: from what is available as far as it goes, the rest becomes debt.

    Lots give soonest expiry first, then the oldest; what is reserved stays reserved. Raises
    TransferConflict. Locks the member's accounts, unless their `purse` is locked already.
    """
    asked = Instruction(key, amount, reference, now)
    purse = purse_for(member_id, asked, purse)
    takes = rules.take_from_lots(open_lots(purse, live=False), amount)
    taken = sum(part.amount for part in takes)
    legs = []
    if taken:
        legs.append(Leg(Kind.CLAW_BACK, purse.available, Purpose.ISSUANCE, taken))
    if owed := amount - taken:
        legs.append(Leg(Kind.OWE, purse.debt, Purpose.ISSUANCE, owed, ":debt"))
    moved = move(asked, purse, *legs, effects=Effects(takes=takes))
    moved = moved or moved_before(asked, purse, Kind.CLAW_BACK, Kind.OWE)
    return ClawedBack(taken=points_of(moved, Kind.CLAW_BACK), owed=points_of(moved, Kind.OWE))

"""The only writer of the ledger. Amounts are whole points, more than 0.

Each service has a `key` that makes it happen once: the same key again moves nothing and returns the
first result. One with two legs keeps the second under `<key>:debt`, so it repeats as a whole.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F

from apps.core.errors import Conflict, Invalid
from apps.core.transactions import in_transaction
from apps.points import rules
from apps.points.models import Account, Lot, Transfer

Kind = Transfer.Kind
Purpose = Account.Purpose


class PointsNotPositive(Invalid):
    code = "points_not_positive"
    message = "An amount of points is a whole number above 0."


class NotEnoughPending(Conflict):
    code = "not_enough_pending"
    message = "The member has fewer points on hold than that."


class TransferConflict(Conflict):
    code = "transfer_conflict"
    message = "This key already moved other points."


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


@dataclass(frozen=True)
class Purse:
    """A member's accounts, locked."""

    available: Account
    pending: Account
    debt: Account

    @property
    def ids(self) -> set[int]:
        return {self.available.pk, self.pending.pk, self.debt.pk}


@dataclass(frozen=True)
class Instruction:
    """What one call of a service asks for; every transfer it makes carries this."""

    key: str
    amount: int
    reference: str
    now: dt.datetime


@in_transaction
def purses_lock(*, member_ids: Iterable[int]) -> dict[int, Purse]:
    """Open and lock the accounts of several members, by account id; their purses by member.

    Whoever moves points of more than one member in a transaction calls it first, so that two such
    transactions never lock in different orders.
    """
    wanted = set(member_ids)
    _open_accounts(wanted)
    rows = Account.objects.filter(member_id__in=wanted).lock_in_order()
    found = {(row.member_id, row.purpose): row for row in rows}
    return {
        member: Purse(*(found[member, purpose] for purpose in Account.OF_MEMBERS))
        for member in wanted
    }


@in_transaction
def points_pend(
    *, member_id: int, amount: int, key: str, reference: str, now: dt.datetime
) -> Transfer:
    """Issue points to a member, on hold until they are settled or void.

    Raises TransferConflict. Locks the member's accounts.
    """
    asked = Instruction(key, amount, reference, now)
    purse = _lock_purse(member_id, asked)
    done = _already_done(asked, purse, Kind.PEND)
    return done[0] if done else _move(asked, Kind.PEND, _issuance(), purse.pending)


@in_transaction
def points_settle(
    *,
    member_id: int,
    amount: int,
    key: str,
    reference: str,
    now: dt.datetime,
    expires_at: dt.datetime | None = None,
) -> Settled:
    """End the hold on points: they repay debt first, the rest can be spent until `expires_at`.

    Raises NotEnoughPending and TransferConflict. Locks the member's accounts.
    """
    asked = Instruction(key, amount, reference, now)
    purse = _lock_purse(member_id, asked)
    if done := _already_done(asked, purse, Kind.SETTLE, Kind.REPAY):
        return Settled(available=_sum(done, Kind.SETTLE), repaid=_sum(done, Kind.REPAY))
    if purse.pending.balance < amount:
        raise NotEnoughPending()
    parts = rules.repay_first(amount, owed=-purse.debt.balance)
    if parts.repaid:
        _move(asked, Kind.REPAY, purse.pending, purse.debt, parts.repaid, suffix=":debt")
    if parts.rest:
        earned = _move(asked, Kind.SETTLE, purse.pending, purse.available, parts.rest)
        Lot.objects.create(
            account=purse.available,
            transfer=earned,
            amount=parts.rest,
            remaining=parts.rest,
            expires_at=expires_at,
        )
    return Settled(available=parts.rest, repaid=parts.repaid)


@in_transaction
def points_void(
    *, member_id: int, amount: int, key: str, reference: str, now: dt.datetime
) -> Transfer:
    """Take points back that are still on hold.

    Raises NotEnoughPending and TransferConflict. Locks the member's accounts.
    """
    asked = Instruction(key, amount, reference, now)
    purse = _lock_purse(member_id, asked)
    if done := _already_done(asked, purse, Kind.VOID):
        return done[0]
    if purse.pending.balance < amount:
        raise NotEnoughPending()
    return _move(asked, Kind.VOID, purse.pending, _issuance())


@in_transaction
def points_claw_back(
    *, member_id: int, amount: int, key: str, reference: str, now: dt.datetime
) -> ClawedBack:
    """Take settled points back: from what is available as far as it goes, the rest becomes debt.

    Lots give soonest expiry first, then the oldest. Raises TransferConflict. Locks the member's
    accounts.
    """
    asked = Instruction(key, amount, reference, now)
    purse = _lock_purse(member_id, asked)
    if done := _already_done(asked, purse, Kind.CLAW_BACK, Kind.OWE):
        return ClawedBack(taken=_sum(done, Kind.CLAW_BACK), owed=_sum(done, Kind.OWE))
    taken = _take_from_lots(purse.available, amount)
    if taken:
        _move(asked, Kind.CLAW_BACK, purse.available, _issuance(), taken)
    if owed := amount - taken:
        _move(asked, Kind.OWE, purse.debt, _issuance(), owed, suffix=":debt")
    return ClawedBack(taken=taken, owed=owed)


def _lock_purse(member_id: int, asked: Instruction) -> Purse:
    if asked.amount <= 0:
        raise PointsNotPositive()
    return purses_lock(member_ids=(member_id,))[member_id]


def _open_accounts(member_ids: set[int]) -> None:
    """Create what is missing of the members' accounts; of two who do, the unique key lets one."""
    known = set(
        Account.objects.filter(member_id__in=member_ids).values_list("member_id", "purpose")
    )
    missing = [
        Account(member_id=member, purpose=purpose)
        for member in sorted(member_ids)
        for purpose in Account.OF_MEMBERS
        if (member, purpose) not in known
    ]
    if missing:
        Account.objects.bulk_create(missing, ignore_conflicts=True)


def _issuance() -> Account:
    return Account.objects.of_system().get(purpose=Purpose.ISSUANCE)


def _already_done(asked: Instruction, purse: Purse, *kinds: Kind) -> list[Transfer]:
    """What this call moved before, if it did. Asked under the lock, so the answer stays true.

    Raises TransferConflict when its key moved another amount, another way, or somebody else's.
    """
    keys = (asked.key, f"{asked.key}:debt")
    done = list(Transfer.objects.filter(key__in=keys).order_by("pk"))
    if not done:
        return []
    theirs = all(row.kind in kinds and {row.debit_id, row.credit_id} & purse.ids for row in done)
    if not theirs or sum(row.amount for row in done) != asked.amount:
        raise TransferConflict(f"{asked.key} already moved other points.")
    return done


def _sum(transfers: list[Transfer], kind: Kind) -> int:
    return sum(row.amount for row in transfers if row.kind == kind)


def _move(
    asked: Instruction,
    kind: Kind,
    debit: Account,
    credit: Account,
    amount: int | None = None,
    *,
    suffix: str = "",
) -> Transfer:
    """Write one transfer, by default of all that was asked, and carry it to both balances."""
    points = asked.amount if amount is None else amount
    draft = Transfer(
        key=asked.key + suffix,
        kind=kind,
        debit=debit,
        credit=credit,
        amount=points,
        reference=asked.reference,
        occurred_at=asked.now,
    )
    Transfer.objects.bulk_create([draft], ignore_conflicts=True)
    written = Transfer.objects.filter(public_id=draft.public_id).first()
    if written is None:  # another member's transfer took the key while we held our own accounts
        raise TransferConflict(f"{draft.key} already moved other points.")
    _carry(debit, -points)
    _carry(credit, points)
    return written


def _carry(account: Account, points: int) -> None:
    if account.member_id is not None:
        Account.objects.filter(pk=account.pk).update(balance=F("balance") + points)
        account.balance += points


def _take_from_lots(available: Account, amount: int) -> int:
    """Take up to `amount` points from the open lots; how many there were."""
    lots = [
        rules.OpenLot(lot.pk, lot.remaining, lot.expires_at)
        for lot in Lot.objects.open().filter(account=available)
    ]
    taken = rules.take_from_lots(lots, amount)
    for part in taken:
        Lot.objects.filter(pk=part.lot_id).update(remaining=F("remaining") - part.amount)
    return sum(part.amount for part in taken)

"""A member's accounts, opened and locked."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from apps.core import statements
from apps.core.transactions import in_transaction
from apps.points.models import Account
from apps.points.rules import OpenLot

Purpose = Account.Purpose


@dataclass
class Held:
    """One account under our lock; its balance follows what we move."""

    pk: int
    purpose: str
    balance: int


@dataclass
class Purse:
    """A member's accounts, locked until the transaction ends.

    `live_lots` is what the available balance consists of, without what expired, where it was read
    together with the lock and nothing has moved since; else None.
    """

    member_id: int
    available: Held
    pending: Held
    debt: Held
    reserved: Held
    live_lots: list[OpenLot] | None = field(default=None, kw_only=True)

    @property
    def ids(self) -> set[int]:
        return {self.available.pk, self.pending.pk, self.debt.pk, self.reserved.pk}


# By id, so that two transactions never wait for each other.
LOCK = """
SELECT id, member_id, purpose, balance, ctid FROM points_account
WHERE member_id = ANY (%s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
# The lock gives the newest version of a row, the rest of the statement its snapshot from before the
# wait. Lots change with the balance of their account, so they are as new as the row, where the
# snapshot has the very version (ctid) that was locked.
WITH_LOTS = """
WITH purse AS ({lock})
SELECT purse.id, purse.member_id, purse.purpose, purse.balance,
       seen.ctid = purse.ctid, lot.id, lot.remaining, lot.expires_at
FROM purse JOIN points_account seen ON seen.id = purse.id
LEFT JOIN points_lot lot
  ON purse.purpose = 'available' AND lot.account_id = purse.id AND lot.remaining > 0
 AND (lot.expires_at IS NULL OR lot.expires_at > engine_now())
"""


@in_transaction
def purses_lock(*, member_ids: Iterable[int]) -> dict[int, Purse]:
    """Open and lock the accounts of several members, by account id; their purses by member.

    Whoever moves points of more than one member in a transaction calls it first, so that two such
    transactions never lock in different orders, and hands each purse to the services that take one.
    """
    wanted = set(member_ids)
    found = _lock(wanted)
    if len(found) < len(wanted) * len(Account.OF_MEMBERS):
        _open_missing(wanted, found)
        found = _lock(wanted)
    return {
        member: Purse(member, *(found[member, purpose] for purpose in Account.OF_MEMBERS))
        for member in wanted
    }


def purse_lock(member_id: int) -> Purse:
    """The purse of one member, locked."""
    return purses_lock(member_ids=(member_id,))[member_id]


def purse_lock_to_spend(member_id: int) -> Purse:
    """The purse of one member, locked, in nearly all cases with its live lots."""
    rows = statements.run(WITH_LOTS.format(lock=LOCK), [[member_id]])
    held = {purpose: Held(pk, purpose, balance) for pk, _, purpose, balance, *_ in rows}
    if len(held) < len(Account.OF_MEMBERS):
        return purse_lock(member_id)
    purse = Purse(member_id, *(held[purpose] for purpose in Account.OF_MEMBERS))
    if all(is_fresh for _, _, _, _, is_fresh, *_ in rows):
        purse.live_lots = [
            OpenLot(pk, left, expiry) for *_, pk, left, expiry in rows if pk is not None
        ]
    return purse


def _lock(member_ids: set[int]) -> dict[tuple[int, str], Held]:
    rows = statements.run(LOCK, [list(member_ids)])
    return {
        (member, purpose): Held(pk, purpose, balance) for pk, member, purpose, balance, _ in rows
    }


def _open_missing(member_ids: set[int], found: dict[tuple[int, str], Held]) -> None:
    """Create what is missing of the members' accounts; of two who do, the unique key lets one."""
    missing = [
        Account(member_id=member, purpose=purpose)
        for member in sorted(member_ids)
        for purpose in Account.OF_MEMBERS
        if (member, purpose) not in found
    ]
    Account.objects.bulk_create(missing, ignore_conflicts=True)

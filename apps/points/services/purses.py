"""A member's accounts, opened and locked."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.core import statements
from apps.core.transactions import in_transaction
from apps.points.models import Account

Purpose = Account.Purpose


@dataclass
class Held:
    """One account under our lock; its balance follows what we move."""

    pk: int
    purpose: str
    balance: int


@dataclass(frozen=True)
class Purse:
    """A member's accounts, locked until the transaction ends."""

    member_id: int
    available: Held
    pending: Held
    debt: Held
    reserved: Held

    @property
    def ids(self) -> set[int]:
        return {self.available.pk, self.pending.pk, self.debt.pk, self.reserved.pk}


# By id, so that two transactions never wait for each other.
LOCK = """
SELECT id, member_id, purpose, balance, ctid FROM points_account
WHERE member_id = ANY (%(members)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
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


def _lock(member_ids: set[int]) -> dict[tuple[int, str], Held]:
    rows = statements.run(LOCK, {"members": list(member_ids)})
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

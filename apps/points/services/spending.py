"""Points spent at once, and given back."""

import datetime as dt

from apps.core.errors import NotFound
from apps.core.transactions import in_transaction
from apps.points.models import Transfer
from apps.points.rules import Taken
from apps.points.services import one_statement
from apps.points.services.expiring import lots_expire
from apps.points.services.ledger import (
    Effects,
    Instruction,
    Kind,
    Leg,
    NotEnoughPoints,
    demand_amount,
    move,
    moved_before,
    open_takings,
    purse_for,
    take_live,
)
from apps.points.services.purses import Purpose, Purse, purse_lock


class SpendUnknown(NotFound):
    code = "spend_unknown"
    message = "No points were spent under this key."


def points_spend(
    *,
    member_id: int,
    amount: int,
    key: str,
    reference: str,
    now: dt.datetime,
    purse: Purse | None = None,
) -> Transfer:
    """Spend points at once: soonest expiry first, then the oldest.

    Raises NotEnoughPoints and TransferConflict. Locks the member's accounts, unless their `purse`
    is locked already.
    """
    asked = Instruction(key, amount, reference, now)
    demand_amount(asked)
    if purse is None and (spent := one_statement.spend(member_id, asked)):
        return spent
    return _spend(member_id, asked, purse)


@in_transaction
def _spend(member_id: int, asked: Instruction, purse: Purse | None) -> Transfer:
    amount, purse = asked.amount, purse_for(member_id, asked, purse)
    try:
        effects = Effects(takes=take_live(purse, amount), remembers=True)
    except NotEnoughPoints:
        if done := moved_before(asked, purse, Kind.SPEND):
            return done[0]
        raise
    leg = Leg(Kind.SPEND, purse.available, Purpose.SPENT, amount)
    return (move(asked, purse, leg, effects=effects) or moved_before(asked, purse, Kind.SPEND))[0]


@in_transaction
def points_unspend(*, key: str, now: dt.datetime) -> int:
    """Give back what was spent under `key`, with its old expiry; how many points this call gave.

    Again: 0. What expired meanwhile expires again at once. Raises SpendUnknown. Locks the member's
    accounts.
    """
    spent = Transfer.objects.filter(key=key, kind=Kind.SPEND).select_related("debit").first()
    if spent is None or spent.debit.member_id is None:
        raise SpendUnknown()
    purse = purse_lock(spent.debit.member_id)
    back = [Taken(taking.lot_id, taking.remaining) for taking in open_takings([spent.pk])]
    if not back:
        return 0
    asked = Instruction(f"{key}:back", spent.amount, spent.reference, now)
    leg = Leg(Kind.RETURN, Purpose.SPENT, purse.available, spent.amount)
    move(asked, purse, leg, effects=Effects(back=back))
    lots_expire(purse, now)
    return spent.amount

"""Writing transfers: the one statement that moves points, and what a repeated call finds.

Each call has a `key` that makes it happen once: the same key again moves nothing and returns the
first result. A call with two legs keeps the second under `<key>:debt`, so it repeats as a whole.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.core import statements
from apps.core.errors import Conflict, Invalid
from apps.core.ids import new_id
from apps.points import rules
from apps.points.models import Taking, Transfer
from apps.points.services.purses import Held, Purpose, Purse, purse_lock

Kind = Transfer.Kind
# A member's account, or the purpose of one of the engine's own.
End = Held | Purpose

# What a bigint holds, with room for every sum that is taken of it.
MOST_POINTS = 10**15


class PointsNotPositive(Invalid):
    code = "points_not_positive"
    message = "An amount of points is a whole number above 0 and not above 10¹⁵."


class NotEnoughPoints(Conflict):
    code = "not_enough_points"
    message = "The member has fewer points to spend than that."


class NotEnoughPending(Conflict):
    code = "not_enough_pending"
    message = "The member has fewer points on hold than that."


class TransferConflict(Conflict):
    code = "transfer_conflict"
    message = "This key already moved other points."


@dataclass(frozen=True)
class Instruction:
    """What one call of a service asks for; every transfer it makes carries this."""

    key: str
    amount: int
    reference: str
    now: dt.datetime


@dataclass(frozen=True)
class Leg:
    """One transfer to write."""

    kind: Kind
    debit: End
    credit: End
    amount: int
    suffix: str = ""


@dataclass(frozen=True)
class Effects:
    """What a move does to lots.

    `takes` leave their lots, and are remembered for giving back where `remembers`; `back` puts
    earlier takings into their old lots; `opens` makes a lot of what reaches `available`, until
    `expires_at`, or for as long as the programme says.
    """

    takes: Sequence[rules.Taken] = ()
    remembers: bool = False
    back: Sequence[rules.Taken] = ()
    opens: bool = False
    expires_at: dt.datetime | None = None
    by_programme: bool = False


@dataclass(frozen=True)
class Also:
    """A row of another table that is written with a transfer: INSERT … SELECT … FROM written …"""

    insert: str
    parameters: Mapping[str, Any]


# The key is looked for under the account's lock, in a snapshot taken after it. Another member's
# transfer that takes it meanwhile meets the unique key.
_MOVE = """
WITH leg (public_id, key, kind, debit_id, credit_id, amount) AS (VALUES {legs}), written AS (
  INSERT INTO points_transfer
    (public_id, key, kind, debit_id, credit_id, amount, reference, occurred_at)
  SELECT public_id, key, kind, debit_id, credit_id, amount, %(reference)s, %(now)s FROM leg
  WHERE NOT EXISTS (SELECT FROM points_transfer WHERE key IN (%(key)s, %(key_of_debt)s))
  ON CONFLICT (key) DO NOTHING
  RETURNING id, public_id, key, kind, debit_id, credit_id, amount
), carried AS (
  UPDATE points_account account SET balance = balance + change.points
  FROM (VALUES {changes}) AS change (account_id, points)
  WHERE account.id = change.account_id AND EXISTS (SELECT FROM written)
)
"""
_LEG = "(%(id{n})s, %(key{n})s, %(kind{n})s, {debit}, {credit}, %(amount{n})s::bigint)"
_ENGINES_OWN = "(SELECT id FROM points_account WHERE member_id IS NULL AND purpose = %({name})s)"
_CHANGE = "(%(account{n})s::bigint, %(points{n})s::bigint)"
_TAKE = """, taken AS (
  UPDATE points_lot lot SET remaining = remaining - part.amount
  FROM unnest(%(taken_lots)s::bigint[], %(taken)s::bigint[]) AS part (lot_id, amount)
  WHERE lot.id = part.lot_id AND EXISTS (SELECT FROM written)
)
"""
_REMEMBER = """, remembered AS (
  INSERT INTO points_taking (transfer_id, lot_id, amount, returned)
  SELECT written.id, part.lot_id, part.amount, 0
  FROM written, unnest(%(taken_lots)s::bigint[], %(taken)s::bigint[]) AS part (lot_id, amount)
)
"""
_PUT_BACK = """, part AS (
  SELECT taking.id, taking.lot_id, back.amount
  FROM unnest(%(back_takings)s::bigint[], %(back)s::bigint[]) AS back (taking_id, amount)
  JOIN points_taking taking ON taking.id = back.taking_id
  WHERE EXISTS (SELECT FROM written)
), refilled AS (
  UPDATE points_lot lot SET remaining = remaining + refill.amount
  FROM (SELECT lot_id, sum(amount)::bigint AS amount FROM part GROUP BY lot_id) refill
  WHERE lot.id = refill.lot_id
), returned AS (
  UPDATE points_taking taking SET returned = returned + part.amount
  FROM part WHERE taking.id = part.id
)
"""
_OPEN = """, opened AS (
  INSERT INTO points_lot (account_id, transfer_id, amount, remaining, expires_at)
  SELECT credit_id, id, amount, amount, {expiry} FROM written WHERE credit_id = %(available)s
)
"""
_GIVEN_EXPIRY = "%(expires_at)s::timestamptz"
_PROGRAMMES_EXPIRY = """%(now)s + (
    SELECT make_interval(days => programme.lifetime_days) FROM points_programme programme
    JOIN members_member member ON member.is_test = programme.is_test
    WHERE member.id = %(member_id)s)"""
_ANSWER = "SELECT id, public_id, key, kind, debit_id, credit_id, amount FROM written ORDER BY id"
_ANSWER_ALSO = """, also AS ({insert})
SELECT written.id, written.public_id, key, kind, debit_id, credit_id, written.amount, also.*
FROM written, also"""
_COLUMNS = ("id", "public_id", "key", "kind", "debit_id", "credit_id", "amount")


def demand_amount(asked: Instruction) -> None:
    """Raises PointsNotPositive."""
    if not 0 < asked.amount <= MOST_POINTS:
        raise PointsNotPositive()


def purse_for(member_id: int, asked: Instruction, purse: Purse | None) -> Purse:
    """The member's purse: the one that is locked already, or locked now."""
    demand_amount(asked)
    if purse is not None and purse.member_id == member_id:
        return purse
    return purse_lock(member_id)


def move(
    asked: Instruction, purse: Purse, *legs: Leg, effects: Effects | None = None
) -> list[Transfer]:
    """Write transfers with all that follows from them, in one statement; none when the key is used.

    Then `moved_before` knows whether by this very call. Raises TransferConflict when one of two
    keys is used. Needs the purse's lock.
    """
    rows = _write(asked, purse, legs, effects or Effects(), None)
    return [_transfer(asked, row) for row in rows]


def move_with(
    asked: Instruction, purse: Purse, leg: Leg, also: Also, *, effects: Effects
) -> tuple[Transfer, tuple[Any, ...]] | None:
    """`move` of one leg, with a row that belongs to the transfer; what that row returns."""
    rows = _write(asked, purse, (leg,), effects, also)
    if not rows:
        return None
    [row] = rows
    return _transfer(asked, row), row[len(_COLUMNS) :]


def _write(
    asked: Instruction, purse: Purse, legs: Sequence[Leg], effects: Effects, also: Also | None
) -> list[tuple[Any, ...]]:
    changes = _changes(legs)
    parameters = _parameters(asked, purse, legs, changes, effects)
    rows = statements.run(
        _statement(legs, changes, effects, also),
        {**parameters, **also.parameters} if also else parameters,
    )
    if 0 < len(rows) < len(legs):
        raise TransferConflict(f"{asked.key} already moved other points.")
    for account, points in changes if rows else ():
        account.balance += points
    return rows


def _transfer(asked: Instruction, row: Sequence[Any]) -> Transfer:
    columns = dict(zip(_COLUMNS, row, strict=False))
    return Transfer(**columns, reference=asked.reference, occurred_at=asked.now)


def _changes(legs: Sequence[Leg]) -> list[tuple[Held, int]]:
    """What the legs do to each member account; the engine's own keep no balance."""
    changes: dict[int, tuple[Held, int]] = {}
    for leg in legs:
        for end, points in ((leg.debit, -leg.amount), (leg.credit, leg.amount)):
            if isinstance(end, Held):
                changes[end.pk] = (end, changes.get(end.pk, (end, 0))[1] + points)
    return list(changes.values())


def _statement(
    legs: Sequence[Leg], changes: Sequence[tuple[Held, int]], effects: Effects, also: Also | None
) -> str:
    rows = [
        _LEG.format(n=n, debit=_end(leg.debit, f"debit{n}"), credit=_end(leg.credit, f"credit{n}"))
        for n, leg in enumerate(legs)
    ]
    moved = [_CHANGE.format(n=n) for n in range(len(changes))]
    parts = [_MOVE.format(legs=", ".join(rows), changes=", ".join(moved))]
    if effects.takes:
        parts.append(_TAKE)
        if effects.remembers:
            parts.append(_REMEMBER)
    if effects.back:
        parts.append(_PUT_BACK)
    if effects.opens:
        expiry = _PROGRAMMES_EXPIRY if effects.by_programme else _GIVEN_EXPIRY
        parts.append(_OPEN.format(expiry=expiry))
    parts.append(_ANSWER_ALSO.format(insert=also.insert) if also else _ANSWER)
    return "".join(parts)


def _end(end: End, name: str) -> str:
    return f"%({name})s::bigint" if isinstance(end, Held) else _ENGINES_OWN.format(name=name)


def _parameters(
    asked: Instruction,
    purse: Purse,
    legs: Sequence[Leg],
    changes: Sequence[tuple[Held, int]],
    effects: Effects,
) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "key": asked.key,
        "key_of_debt": f"{asked.key}:debt",
        "reference": asked.reference,
        "now": asked.now,
        "member_id": purse.member_id,
        "available": purse.available.pk,
        "taken_lots": [part.lot_id for part in effects.takes],
        "taken": [part.amount for part in effects.takes],
        "back_takings": [part.lot_id for part in effects.back],
        "back": [part.amount for part in effects.back],
        "expires_at": effects.expires_at,
    }
    for n, leg in enumerate(legs):
        parameters |= {
            f"id{n}": new_id("trf"),
            f"key{n}": asked.key + leg.suffix,
            f"kind{n}": leg.kind.value,
            f"debit{n}": leg.debit.pk if isinstance(leg.debit, Held) else leg.debit.value,
            f"credit{n}": leg.credit.pk if isinstance(leg.credit, Held) else leg.credit.value,
            f"amount{n}": leg.amount,
        }
    for n, (account, points) in enumerate(changes):
        parameters |= {f"account{n}": account.pk, f"points{n}": points}
    return parameters


def moved_before(asked: Instruction, purse: Purse, *kinds: Kind) -> list[Transfer]:
    """What this call moved before, if it did. Asked under the lock, so the answer stays true.

    Raises TransferConflict when its key moved another amount, another way, or somebody else's.
    """
    keys = (asked.key, f"{asked.key}:debt")
    done = list(Transfer.objects.filter(key__in=keys).order_by("pk"))
    theirs = all(row.kind in kinds and {row.debit_id, row.credit_id} & purse.ids for row in done)
    if done and (not theirs or points_of(done) != asked.amount):
        raise TransferConflict(f"{asked.key} already moved other points.")
    return done


def points_of(transfers: Sequence[Transfer], *kinds: Kind) -> int:
    """The sum of the transfers, of all or of these kinds."""
    return sum(row.amount for row in transfers if not kinds or row.kind in kinds)


_LOTS = """
SELECT id, remaining, expires_at FROM points_lot
WHERE account_id = %(account)s AND remaining > 0
  AND (NOT %(live)s OR expires_at IS NULL OR expires_at > engine_now())
"""


def open_lots(purse: Purse, *, live: bool) -> list[rules.OpenLot]:
    """What the available balance consists of; `live` leaves out what expired but is still there."""
    rows = statements.run(_LOTS, {"account": purse.available.pk, "live": live})
    return [rules.OpenLot(*row) for row in rows]


def open_takings(transfer_ids: Sequence[int]) -> list[rules.OpenLot]:
    """What these transfers took and is not given back, each under its taking's id."""
    rows = (
        Taking.objects.filter(transfer_id__in=transfer_ids)
        .values_list("pk", "amount", "returned", "lot__expires_at")
        .order_by("pk")
    )
    return [
        rules.OpenLot(pk, amount - returned, expires_at)
        for pk, amount, returned, expires_at in rows
        if amount > returned
    ]


def take_live(purse: Purse, amount: int) -> list[rules.Taken]:
    """Which lots pay `amount` points. Raises NotEnoughPoints."""
    if purse.available.balance >= amount:
        taken = rules.take_from_lots(open_lots(purse, live=True), amount)
        if sum(part.amount for part in taken) == amount:
            return taken
    raise NotEnoughPoints()

"""Moves of one member's points in one statement: lock, decide, write.

What is asked nearly always: the accounts are there, nobody else moves points of this member at this
moment, and there are enough. Where one of it is not so the statement writes nothing, and the caller
goes step by step (`purses`, `rules`, `ledger`), which has the same effects and says what is wrong.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from apps.core import statements
from apps.core.ids import new_id
from apps.points.models import Transfer
from apps.points.services import purses
from apps.points.services.ledger import Also, Instruction, TransferConflict

# The lock gives the newest version of a row, the rest of the statement sees its snapshot from before
# the wait. Whatever moves points changes a row of the member's accounts, so the snapshot is as new as
# the lock where it has the very versions (ctid) that were locked; else there is no `purse`.
_PURSE = """
WITH held AS ({lock}), purse AS (
  SELECT max(held.id) FILTER (WHERE held.purpose = 'available') AS available,
         max(held.id) FILTER (WHERE held.purpose = 'pending') AS pending,
         max(held.id) FILTER (WHERE held.purpose = 'debt') AS debt,
         max(held.id) FILTER (WHERE held.purpose = 'reserved') AS reserved,
         max(held.balance) FILTER (WHERE held.purpose = 'pending') AS on_hold,
         -max(held.balance) FILTER (WHERE held.purpose = 'debt') AS owed
  FROM held JOIN points_account seen ON seen.id = held.id
  HAVING count(*) = 4 AND bool_and({is_fresh})
)
"""
IS_FRESH = "seen.ctid = held.ctid"
# rules.take_from_lots: soonest expiry first, then the oldest.
_TAKE = """, lot AS (
  SELECT lot.id, lot.remaining, coalesce(sum(lot.remaining) OVER (
           ORDER BY lot.expires_at NULLS LAST, lot.id
           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS before
  FROM purse JOIN points_lot lot ON lot.account_id = purse.available
  WHERE lot.remaining > 0 AND (lot.expires_at IS NULL OR lot.expires_at > engine_now())
), take AS (
  SELECT id AS lot_id, least(remaining, %(amount)s::bigint - before) AS amount
  FROM lot WHERE before < %(amount)s::bigint
)
"""
_MOVE = """, leg (key, public_id, kind, debit_id, credit_id, amount) AS ({legs}), written AS (
  INSERT INTO points_transfer
    (key, public_id, kind, debit_id, credit_id, amount, reference, occurred_at)
  SELECT key, public_id, kind, debit_id, credit_id, amount, %(reference)s, %(now)s FROM leg
  WHERE NOT EXISTS (SELECT FROM points_transfer WHERE key IN (%(key)s, %(key_of_debt)s))
  ON CONFLICT (key) DO NOTHING
  RETURNING id, public_id, key, kind, debit_id, credit_id, amount
), carried AS (
  UPDATE points_account account SET balance = balance + change.points
  FROM (
    SELECT account_id, sum(points)::bigint AS points
    FROM (SELECT debit_id AS account_id, -amount AS points FROM written
          UNION ALL SELECT credit_id, amount FROM written) part
    GROUP BY account_id
  ) change
  WHERE account.id = change.account_id AND account.member_id = %(member_id)s
)
"""
_EMPTY_LOTS = """, taken AS (
  UPDATE points_lot lot SET remaining = lot.remaining - take.amount
  FROM take WHERE lot.id = take.lot_id AND EXISTS (SELECT FROM written)
), remembered AS (
  INSERT INTO points_taking (transfer_id, lot_id, amount, returned)
  SELECT written.id, take.lot_id, take.amount, 0 FROM written, take
)
"""
_OPEN_LOT = """, opened AS (
  INSERT INTO points_lot (account_id, transfer_id, amount, remaining, expires_at)
  SELECT credit_id, written.id, amount, amount, CASE WHEN %(by_programme)s THEN %(now)s + (
      SELECT make_interval(days => programme.lifetime_days) FROM points_programme programme
      JOIN members_member member ON member.is_test = programme.is_test
      WHERE member.id = %(member_id)s) ELSE %(expires_at)s::timestamptz END
  FROM written WHERE kind = 'settle'
)
"""
_ANSWER = """
SELECT id, public_id, key, kind, debit_id, credit_id, amount, (SELECT count(*) FROM leg)
FROM written ORDER BY id
"""
_ANSWER_ALSO = """, also AS ({insert})
SELECT written.id, written.public_id, key, kind, debit_id, credit_id, written.amount, 1, also.*
FROM written, also
"""
_OWN = "(SELECT id FROM points_account WHERE member_id IS NULL AND purpose = '{purpose}')"
_LEG = "SELECT %(key)s, %(id)s, '{kind}', {debit}, {credit}, %(amount)s::bigint FROM purse"
_COLUMNS = ("id", "public_id", "key", "kind", "debit_id", "credit_id", "amount")
_ENOUGH = " WHERE (SELECT sum(amount) FROM take) = %(amount)s::bigint"

_PEND = _MOVE.format(
    legs=_LEG.format(kind="pend", debit=_OWN.format(purpose="issuance"), credit="pending")
)
_TAKE_AND = _TAKE + _MOVE
_SPEND = _TAKE_AND.format(
    legs=_LEG.format(kind="spend", debit="available", credit=_OWN.format(purpose="spent")) + _ENOUGH
)
_RESERVE = _TAKE_AND.format(
    legs=_LEG.format(kind="reserve", debit="available", credit="reserved") + _ENOUGH
)
# rules.repay_first.
_SETTLE = _MOVE.format(
    legs="""
  SELECT %(key_of_debt)s, %(id_of_debt)s, 'repay', pending, debt, least(%(amount)s::bigint, owed)
  FROM purse WHERE on_hold >= %(amount)s::bigint AND owed > 0
  UNION ALL
  SELECT %(key)s, %(id)s, 'settle', pending, available, %(amount)s::bigint - owed
  FROM purse WHERE on_hold >= %(amount)s::bigint AND owed < %(amount)s::bigint
"""
)


def pend(member_id: int, asked: Instruction) -> Transfer | None:
    """Issue points on hold."""
    rows = _run(_PEND + _ANSWER, member_id, asked)
    return _transfer(asked, rows[0]) if rows else None


def settle(
    member_id: int, asked: Instruction, expires_at: dt.datetime | None
) -> list[Transfer] | None:
    """End the hold on points; without `expires_at` they live as long as the programme says."""
    more = {
        "id_of_debt": new_id("trf"),
        "expires_at": expires_at,
        "by_programme": expires_at is None,
    }
    rows = _run(_SETTLE + _OPEN_LOT + _ANSWER, member_id, asked, more)
    return [_transfer(asked, row) for row in rows] or None


def spend(member_id: int, asked: Instruction) -> Transfer | None:
    """Spend points for good."""
    rows = _run(_SPEND + _EMPTY_LOTS + _ANSWER, member_id, asked)
    return _transfer(asked, rows[0]) if rows else None


def reserve(
    member_id: int, asked: Instruction, also: Also
) -> tuple[Transfer, tuple[Any, ...]] | None:
    """Set points aside, with the row that says for what; what that row returns."""
    answer = _ANSWER_ALSO.format(insert=also.insert)
    rows = _run(_RESERVE + _EMPTY_LOTS + answer, member_id, asked, also.parameters)
    return (_transfer(asked, rows[0]), rows[0][len(_COLUMNS) + 1 :]) if rows else None


def _run(
    statement: str, member_id: int, asked: Instruction, more: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    parameters: dict[str, Any] = {
        "members": [member_id],
        "member_id": member_id,
        "key": asked.key,
        "key_of_debt": f"{asked.key}:debt",
        "id": new_id("trf"),
        "amount": asked.amount,
        "reference": asked.reference,
        "now": asked.now,
        **(more or {}),
    }
    purse = _PURSE.format(lock=purses.LOCK, is_fresh=IS_FRESH)
    rows = statements.run(purse + statement, parameters)
    if rows and len(rows) < rows[0][len(_COLUMNS)]:
        raise TransferConflict(f"{asked.key} already moved other points.")
    return rows


def _transfer(asked: Instruction, row: tuple[Any, ...]) -> Transfer:
    columns = dict(zip(_COLUMNS, row, strict=False))
    return Transfer(**columns, reference=asked.reference, occurred_at=asked.now)

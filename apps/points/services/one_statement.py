"""Moves of one member's points in one statement: lock, decide, write.

What is asked nearly always: the accounts are there, nobody else moves points of this member at this
moment, and there are enough. Where one of it is not so the statement writes nothing, and the caller
goes step by step (`purses`, `rules`, `ledger`), which has the same effects and says what is wrong.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.core import replies, statements
from apps.core.ids import new_id
from apps.points.models import Transfer
from apps.points.services.ledger import Also, Instruction, TransferConflict

# Small plans: what a statement costs is mostly the setting up of its nodes.
#
# A lock gives the newest version of a row, the rest of the statement sees its snapshot from before
# the wait. A move that could change the answer changes the very row that is locked here, so the
# snapshot is as new as the lock where it still shows the version (ctid) that was locked.
_LOCK = "FOR NO KEY UPDATE"
IS_FRESH = "seen.ctid = held.ctid"
_HELD = """
WITH held AS (
  SELECT id, ctid, balance FROM points_account
  WHERE member_id = %(member_id)s::bigint AND purpose = '{purpose}' {lock}
)"""
_WRITTEN = """, written AS (
  INSERT INTO points_transfer
    (key, public_id, kind, debit_id, credit_id, amount, reference, occurred_at)
  SELECT key, public_id, kind, debit_id, credit_id, amount, %(reference)s, %(now)s FROM leg
  WHERE NOT EXISTS (SELECT FROM points_transfer WHERE key IN (%(key)s, %(key_of_debt)s))
  ON CONFLICT (key) DO NOTHING
  RETURNING id, public_id, key, kind, debit_id, credit_id, amount
)"""
_LEG = """leg (key, public_id, kind, debit_id, credit_id, amount) AS (
  SELECT %(key)s, %(id)s, '{kind}', {debit}, {credit}, %(amount)s::bigint FROM {source}
)"""
_OWN = "(SELECT id FROM points_account WHERE member_id IS NULL AND purpose = '{purpose}')"
_ANSWER = "\nSELECT id, public_id, key, kind, debit_id, credit_id, amount FROM written ORDER BY id"
_ANSWERS = """
SELECT written.id, written.public_id, key, kind, debit_id, credit_id, written.amount, also.*
FROM written, also"""
_ANSWER_ALSO = ", also AS ({insert})" + _ANSWERS
_COLUMNS = ("id", "public_id", "key", "kind", "debit_id", "credit_id", "amount")

# Nothing to decide: the row of what is on hold is locked by its change.
_PEND = (
    "WITH "
    + _LEG.format(
        kind="pend",
        debit=_OWN.format(purpose="issuance"),
        credit="id",
        source="points_account WHERE member_id = %(member_id)s::bigint AND purpose = 'pending'",
    )
    + _WRITTEN
    + """, carried AS (
  UPDATE points_account account SET balance = balance + written.amount
  FROM written WHERE account.id = written.credit_id
)"""
    + _ANSWER
)

# Lots change with the balance of `available`. rules.take_from_lots: soonest expiry first, then the
# oldest; and nothing when they are not enough.
_TAKE = """, lot AS (
  SELECT held.id AS available, lot.id, lot.remaining, coalesce(sum(lot.remaining) OVER (
           ORDER BY lot.expires_at NULLS LAST, lot.id
           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS before
  FROM held JOIN points_account seen ON seen.id = held.id AND {is_fresh}
  JOIN points_lot lot ON lot.account_id = held.id
  WHERE lot.remaining > 0 AND (lot.expires_at IS NULL OR lot.expires_at > engine_now())
), take AS (
  SELECT available, id AS lot_id, least(remaining, %(amount)s::bigint - before) AS amount
  FROM lot WHERE before < %(amount)s::bigint
), purse AS (
  SELECT min(available) AS available FROM take HAVING sum(amount) = %(amount)s::bigint
), """
_TAKEN = """, taken AS (
  UPDATE points_lot lot SET remaining = lot.remaining - take.amount
  FROM take, written WHERE lot.id = take.lot_id
), remembered AS (
  INSERT INTO points_taking (transfer_id, lot_id, amount, returned)
  SELECT written.id, take.lot_id, take.amount, 0 FROM written, take
)"""
_SPEND = (
    _TAKE
    + _LEG.format(
        kind="spend", debit="available", credit=_OWN.format(purpose="spent"), source="purse"
    )
    + _WRITTEN
    + """, carried AS (
  UPDATE points_account account SET balance = balance - written.amount
  FROM written WHERE account.id = written.debit_id
)"""
    + _TAKEN
)
_RESERVED = """(
    SELECT id FROM points_account WHERE member_id = {member} AND purpose = 'reserved'
  )"""
_GIVEN = "%(member_id)s::bigint"
# The member by the shop's own id, when the key is good and the request the first under its own.
_HELD_BY_NAME = """
WITH {asked}, held AS (
  SELECT account.id, account.ctid, account.balance, account.member_id
  FROM asked JOIN members_serverkey key
    ON key.public_id = %(asked_credential)s AND key.revoked_at IS NULL AND key.scopes ? 'rewards',
    members_identity identity JOIN points_account account
    ON account.member_id = identity.member_id AND account.purpose = 'available'
  WHERE identity.is_test = %(is_test)s AND identity.kind = 'external_id'
    AND identity.namespace = '' AND identity.value = %(external_id)s
  {lock} OF account
)"""
_BY_NAME = "(SELECT member_id FROM held)"
_RESERVE = (
    _TAKE
    + _LEG.format(kind="reserve", debit="available", credit=_RESERVED, source="purse")
    + _WRITTEN
    + """, carried AS (
  UPDATE points_account account
  SET balance = balance
              + CASE WHEN account.id = written.credit_id THEN written.amount ELSE -written.amount END
  FROM written WHERE account.id IN (written.debit_id, written.credit_id)
)"""
    + _TAKEN
)

# rules.repay_first. A settlement changes what is on hold, a claw back what is owed: both are locked,
# and what is read of them is the newest. A repeat of the same settlement has changed what is on hold.
_SETTLE = (
    """
WITH held AS (
  SELECT id, ctid, purpose, balance FROM points_account
  WHERE member_id = %(member_id)s::bigint AND purpose IN ('available', 'pending', 'debt')
  ORDER BY id {lock}
), purse AS (
  SELECT held.id AS pending, available.id AS available, debt.id AS debt,
         least(%(amount)s::bigint, -debt.balance) AS repaid
  FROM held JOIN points_account seen ON seen.id = held.id AND {is_fresh},
       held debt, held available
  WHERE held.purpose = 'pending' AND debt.purpose = 'debt' AND available.purpose = 'available'
    AND held.balance >= %(amount)s::bigint
), leg (key, public_id, kind, debit_id, credit_id, amount) AS (
  SELECT %(key_of_debt)s, %(id_of_debt)s, 'repay', pending, debt, repaid
  FROM purse WHERE repaid > 0
  UNION ALL
  SELECT %(key)s, %(id)s, 'settle', pending, available, %(amount)s::bigint - repaid
  FROM purse WHERE repaid < %(amount)s::bigint
)"""
    + _WRITTEN
    + """, credited AS (
  UPDATE points_account account SET balance = balance + written.amount
  FROM written WHERE account.id = written.credit_id
), debited AS (
  UPDATE points_account account SET balance = balance - %(amount)s::bigint
  FROM purse WHERE account.id = purse.pending AND EXISTS (SELECT FROM written)
), opened AS (
  INSERT INTO points_lot (account_id, transfer_id, amount, remaining, expires_at)
  SELECT credit_id, written.id, amount, amount, {expiry} FROM written WHERE kind = 'settle'
)
SELECT id, public_id, key, kind, debit_id, credit_id, amount, (SELECT count(*) FROM leg)
FROM written ORDER BY id"""
)
_GIVEN_EXPIRY = "%(expires_at)s::timestamptz"
_PROGRAMMES_EXPIRY = """%(now)s + (
    SELECT make_interval(days => programme.lifetime_days) FROM points_programme programme
    JOIN members_member member ON member.is_test = programme.is_test
    WHERE member.id = %(member_id)s::bigint)"""


@dataclass(frozen=True)
class Reply:
    """What is answered: SQL that makes it of the row that was written (`also`), and its parameters."""

    body: str
    parameters: Mapping[str, Any]


def pend(member_id: int, asked: Instruction) -> Transfer | None:
    """Issue points on hold."""
    rows = _run(_PEND, member_id, asked)
    return _transfer(asked, rows[0]) if rows else None


def settle(
    member_id: int, asked: Instruction, expires_at: dt.datetime | None
) -> list[Transfer] | None:
    """End the hold on points; without `expires_at` they live as long as the programme says.

    Raises TransferConflict.
    """
    expiry = _PROGRAMMES_EXPIRY if expires_at is None else _GIVEN_EXPIRY
    statement = _SETTLE.format(lock=_LOCK, is_fresh=IS_FRESH, expiry=expiry)
    more = {"id_of_debt": new_id("trf"), "expires_at": expires_at}
    rows = _run(statement, member_id, asked, more)
    if rows and len(rows) < rows[0][-1]:
        raise TransferConflict(f"{asked.key} already moved other points.")
    return [_transfer(asked, row) for row in rows] or None


def spend(member_id: int, asked: Instruction) -> Transfer | None:
    """Spend points for good."""
    rows = _run(_of_available(_SPEND) + _ANSWER, member_id, asked)
    return _transfer(asked, rows[0]) if rows else None


def reserve(
    member_id: int, asked: Instruction, also: Also
) -> tuple[Transfer, tuple[Any, ...]] | None:
    """Set points aside, with the row that says for what; what that row returns."""
    statement = _of_available(_RESERVE, member=_GIVEN) + _ANSWER_ALSO.format(
        insert=also.insert.format(member=_GIVEN)
    )
    rows = _run(statement, member_id, asked, also.parameters)
    return (_transfer(asked, rows[0]), rows[0][len(_COLUMNS) :]) if rows else None


def reserve_and_reply(
    external_id: str, is_test: bool, asked: Instruction, also: Also, reply: Reply
) -> dict[str, Any] | None:
    """`reserve` for a request that is the first under its key; the reply that is kept for it."""
    more = {"external_id": external_id, "is_test": is_test, **reply.parameters}
    statement = _reserve_and_reply(also.insert, reply.body)
    rows = _run(statement, 0, asked, {**also.parameters, **more})
    return dict(json.loads(rows[0][0])) if rows else None


def _reserve_and_reply(insert: str, body: str) -> str:
    keep = replies.KEEP.format(status=201, body=body, source="also")
    return (
        _HELD_BY_NAME.format(asked=replies.ASKED, lock=_LOCK)
        + _RESERVE.format(is_fresh=IS_FRESH, member=_BY_NAME)
        + f", also AS ({insert.format(member=_BY_NAME)}), {keep}"
        + "\nSELECT body FROM kept"
    )


def _of_available(statement: str, **slots: str) -> str:
    held = _HELD.format(purpose="available", lock=_LOCK)
    return held + statement.format(is_fresh=IS_FRESH, **slots)


def _run(
    statement: str, member_id: int, asked: Instruction, more: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    parameters: dict[str, Any] = {
        "member_id": member_id,
        "key": asked.key,
        "key_of_debt": f"{asked.key}:debt",
        "id": new_id("trf"),
        "amount": asked.amount,
        "reference": asked.reference,
        "now": asked.now,
        **(more or {}),
    }
    return statements.run(statement, parameters)


def _transfer(asked: Instruction, row: tuple[Any, ...]) -> Transfer:
    columns = dict(zip(_COLUMNS, row, strict=False))
    return Transfer(**columns, reference=asked.reference, occurred_at=asked.now)

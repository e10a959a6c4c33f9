"""Money owed: promised, due, taken back. Each happens once per `key`, or per cause."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import F

from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.transactions import in_transaction
from apps.obligations.models import Deduction, Payable, TakeBack
from apps.obligations.services.plans import plan_open

Status = Payable.Status


class PayableNotPositive(Invalid):
    code = "payable_not_positive"
    message = "An amount of money is a whole number of minor units above 0."


class PayableUnknown(NotFound):
    code = "payable_unknown"
    message = "There is no payable with this key."


class PayableConflict(Conflict):
    code = "payable_conflict"
    message = "This key already stands for another payable."


class PayableVoid(Conflict):
    code = "payable_void"
    message = "All of this payable was taken back."


class TakeBackTooMuch(Conflict):
    code = "take_back_too_much"
    message = "That is more than is left of the payable."


@dataclass(frozen=True)
class TakenBack:
    """What a take back did: `taken` before any statement, or `owed` after one."""

    taken_minor: int
    owed_minor: int


@in_transaction
def payable_pend(
    *, member_id: int, amount_minor: int, currency: str, key: str, reference: str, now: dt.datetime
) -> Payable:
    """Promise a member money that is not due yet. The same key again returns the first.

    Raises PayableNotPositive and PayableConflict. Locks nothing but the unique key.
    """
    if amount_minor <= 0:
        raise PayableNotPositive()
    asked = Payable(
        key=key,
        member_id=member_id,
        amount_minor=amount_minor,
        currency=currency,
        reference=reference,
        created_at=now,
    )
    Payable.objects.bulk_create([asked], ignore_conflicts=True)
    payable = Payable.objects.get(key=key)
    if (payable.member_id, payable.amount_minor, payable.currency) != (
        member_id,
        amount_minor,
        currency,
    ):
        raise PayableConflict()
    return payable


@in_transaction
def payable_settle(*, key: str, now: dt.datetime) -> Payable:
    """End the hold: what is left of the payable is due, the next statement takes it.

    Again: no effect. Raises PayableUnknown and PayableVoid. Locks the payable.
    """
    payable = _lock(key)
    if payable.status == Status.VOID:
        raise PayableVoid()
    if payable.status == Status.PENDING:
        payable.status, payable.due_at = Status.DUE, now
        payable.save(update_fields=["status", "due_at"])
        plan_open(is_test=payable.member.is_test)
    return payable


@in_transaction
def payable_take_back(*, key: str, amount_minor: int, cause: str, now: dt.datetime) -> TakenBack:
    """Take back part or all of a payable, once per cause; the same cause again changes nothing.

    What stands in no statement is simply reduced, and void when nothing is left. Once a statement
    was made, open or confirmed, it stays as it is, for the shop may be paying it just now: the
    amount becomes owed and is deducted from a later statement. Raises PayableNotPositive,
    PayableUnknown, PayableConflict when the cause took another amount, and TakeBackTooMuch. Locks
    the payable.
    """
    if amount_minor <= 0:
        raise PayableNotPositive()
    payable = _lock(key)
    done = TakeBack.objects.filter(payable=payable, cause=cause).first()
    if done is not None and done.amount_minor != amount_minor:
        raise PayableConflict("This cause already took back another amount.")
    if done is None:
        done = _take_back(payable, amount_minor, cause, now)
    owed = amount_minor if done.is_owed else 0
    return TakenBack(taken_minor=amount_minor - owed, owed_minor=owed)


def _take_back(payable: Payable, amount_minor: int, cause: str, now: dt.datetime) -> TakeBack:
    if amount_minor > payable.left_minor:
        raise TakeBackTooMuch()
    done = TakeBack.objects.create(
        payable=payable,
        cause=cause,
        amount_minor=amount_minor,
        is_owed=payable.payout_id is not None,
        taken_at=now,
    )
    if done.is_owed:
        Deduction.objects.create(
            take_back=done,
            member_id=payable.member_id,
            currency=payable.currency,
            amount_minor=amount_minor,
            owed_at=now,
        )
    emptied = amount_minor == payable.left_minor and not done.is_owed
    Payable.objects.filter(pk=payable.pk).update(
        taken_back_minor=F("taken_back_minor") + amount_minor,
        status=Status.VOID if emptied else payable.status,
    )
    return done


def _lock(key: str) -> Payable:
    payable = Payable.objects.select_for_update(of=("self",), no_key=True).filter(key=key).first()
    if payable is None:
        raise PayableUnknown()
    return payable

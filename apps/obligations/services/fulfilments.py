"""Gifts: promised, requested of the shop, confirmed or cancelled."""

import datetime as dt

from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.obligations import events, selectors
from apps.obligations.models import Fulfilment

Status = Fulfilment.Status


class GiftInvalid(Invalid):
    code = "gift_invalid"
    message = "A gift needs words for it and a quantity above 0."


class FulfilmentKeyUnknown(NotFound):
    code = "fulfilment_unknown"
    message = "There is no fulfilment with this key."


class FulfilmentConflict(Conflict):
    code = "fulfilment_conflict"
    message = "This key already stands for another gift."


class FulfilmentResolved(Conflict):
    code = "fulfilment_resolved"
    message = "This gift was resolved the other way already."


class FulfilmentNotRequested(Conflict):
    code = "fulfilment_not_requested"
    message = "This gift is only promised yet: its hold is not over."


@in_transaction
def fulfilment_promise(
    *, member_id: int, gift: str, quantity: int, key: str, reference: str, now: dt.datetime
) -> Fulfilment:
    """Promise a member a gift; the shop does not see it yet. The same key again returns the first.

    Raises GiftInvalid and FulfilmentConflict. Locks nothing but the unique key.
    """
    if quantity <= 0 or not gift:
        raise GiftInvalid()
    asked = Fulfilment(
        key=key,
        member_id=member_id,
        gift=gift,
        quantity=quantity,
        reference=reference,
        promised_at=now,
    )
    Fulfilment.objects.bulk_create([asked], ignore_conflicts=True)
    first = _by_key(key)
    if (first.member_id, first.gift, first.quantity) != (member_id, gift, quantity):
        raise FulfilmentConflict()
    return first


@in_transaction
def fulfilment_release(*, key: str, now: dt.datetime) -> Fulfilment:
    """Ask the shop for a promised gift. Again, or when it is confirmed: no effect.

    Raises FulfilmentKeyUnknown, and FulfilmentResolved when it is cancelled. Locks the fulfilment.
    """
    changed = (
        Fulfilment.objects.promised()
        .filter(key=key)
        .update(status=Status.REQUESTED, requested_at=now)
    )
    fulfilment = _by_key(key)
    if changed:
        _report(events.FULFILMENT_REQUESTED, fulfilment, now)
    elif fulfilment.status == Status.CANCELLED:
        raise FulfilmentResolved("This gift was cancelled.")
    return fulfilment


@in_transaction
def fulfilment_withdraw(*, key: str, now: dt.datetime) -> bool:
    """Take a gift back that is not confirmed yet; False when it is. Again: no effect.

    Raises FulfilmentKeyUnknown. Locks the fulfilment.
    """
    fulfilment = _by_key(key)
    return _cancel(fulfilment, "", now).status == Status.CANCELLED


@in_transaction
def fulfilment_confirm(
    *, public_id: str, is_test: bool, note: str = "", now: dt.datetime
) -> Fulfilment:
    """The shop has handed the gift over. Again: no effect.

    Raises FulfilmentUnknown, FulfilmentNotRequested, and FulfilmentResolved when it is cancelled.
    Locks the fulfilment.
    """
    fulfilment = selectors.fulfilment_by_public_id(public_id, is_test=is_test)
    changed = (
        Fulfilment.objects.requested()
        .filter(pk=fulfilment.pk)
        .update(status=Status.CONFIRMED, confirmed_at=now, note=note)
    )
    fulfilment.refresh_from_db()
    if changed:
        _report(events.FULFILMENT_CONFIRMED, fulfilment, now)
    elif fulfilment.status == Status.PROMISED:
        raise FulfilmentNotRequested()
    elif fulfilment.status == Status.CANCELLED:
        raise FulfilmentResolved("This gift was cancelled.")
    return fulfilment


@in_transaction
def fulfilment_cancel(
    *, public_id: str, is_test: bool, note: str = "", now: dt.datetime
) -> Fulfilment:
    """The shop cannot hand the gift over. Again: no effect.

    Raises FulfilmentUnknown, and FulfilmentResolved when it is confirmed. Locks the fulfilment.
    """
    fulfilment = selectors.fulfilment_by_public_id(public_id, is_test=is_test)
    fulfilment = _cancel(fulfilment, note, now)
    if fulfilment.status != Status.CANCELLED:
        raise FulfilmentResolved("This gift was handed over.")
    return fulfilment


def _cancel(fulfilment: Fulfilment, note: str, now: dt.datetime) -> Fulfilment:
    changed = (
        Fulfilment.objects.unconfirmed()
        .filter(pk=fulfilment.pk)
        .update(status=Status.CANCELLED, cancelled_at=now, note=note)
    )
    fulfilment.refresh_from_db()
    if changed:
        _report(events.FULFILMENT_CANCELLED, fulfilment, now)
    return fulfilment


def _by_key(key: str) -> Fulfilment:
    fulfilment = Fulfilment.objects.select_related("member").filter(key=key).first()
    if fulfilment is None:
        raise FulfilmentKeyUnknown()
    return fulfilment


def _report(kind: str, fulfilment: Fulfilment, now: dt.datetime) -> None:
    event_record(
        key=f"{kind}:{fulfilment.public_id}",
        kind=kind,
        payload={
            "fulfilment": fulfilment.public_id,
            "member": fulfilment.member.public_id,
            "gift": fulfilment.gift,
            "quantity": fulfilment.quantity,
            "reference": fulfilment.reference,
        },
        occurred_at=now,
        is_test=fulfilment.member.is_test,
    )

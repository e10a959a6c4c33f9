"""Exchanging points for what is on the shelf, and undoing it."""

import datetime as dt

from django.db.models import F

from apps.core.errors import Conflict
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.coupons.services import coupon_issue, coupon_withdraw
from apps.members.models import Member
from apps.obligations.services import (
    fulfilment_promise,
    fulfilment_release,
    fulfilment_withdraw,
)
from apps.points.services import points_spend, points_unspend
from apps.shelf import events, rules, selectors
from apps.shelf.models import Exchange, ShelfItem, ShelfItemQuerySet

Status = Exchange.Status


class ItemNotOffered(Conflict):
    code = "shelf_item_not_offered"
    message = "This is not on the shelf just now."


class ItemSoldOut(Conflict):
    code = "shelf_item_sold_out"
    message = "All of these are gone."


class ExchangeLimitReached(Conflict):
    code = "exchange_limit_reached"
    message = "The member has as many of these as one may have."


class ExchangeConflict(Conflict):
    code = "exchange_conflict"
    message = "This key already stands for another exchange."


class ExchangeUsed(Conflict):
    code = "exchange_used"
    message = "What was given for the points was used already, or handed over."


@in_transaction
def exchange_make(*, item: str, member_id: int, key: str, now: dt.datetime) -> Exchange:
    """Give a member the item `shi_…` for its price in points. The same key again returns the first.

    Raises ItemUnknown, ItemNotOffered, ItemSoldOut, ExchangeLimitReached, ExchangeConflict, and what
    spending points (NotEnoughPoints) and issuing the coupon raise: then nothing has happened. Locks
    the item, then the coupon or the fulfilment, then the member's accounts.
    """
    member = Member.objects.get(pk=member_id)
    row = _lock(ShelfItem.objects.filter(public_id=item, is_test=member.is_test))
    if made := _made_before(key, row, member):
        return made
    exchange = Exchange(
        key=key,
        member=member,
        item=row,
        slot=_slot(row, member),
        points=row.points,
        made_at=now,
    )
    _take_one(row)
    _give(exchange, now)
    exchange.save(force_insert=True)
    points_spend(
        member_id=member.pk,
        amount=exchange.points,
        key=_key(exchange),
        reference=exchange.public_id,
        now=now,
    )
    _report(events.MADE, exchange, now)
    return exchange


@in_transaction
def exchange_cancel(
    *, public_id: str, is_test: bool, now: dt.datetime, member_id: int | None = None
) -> Exchange:
    """Undo an exchange: points return with their old expiry, stock and limit are free again.

    With `member_id` only their own. Again: no effect. Raises ExchangeUnknown, and ExchangeUsed when
    the coupon was redeemed or has expired, or the gift was handed over: then nothing has happened.
    Locks the item, the exchange, then the coupon or the fulfilment, then the member's accounts.
    """
    exchange = selectors.exchange_by_public_id(public_id, is_test=is_test, member_id=member_id)
    _lock(ShelfItem.objects.filter(pk=exchange.item_id))
    changed = (
        Exchange.objects.done()
        .filter(pk=exchange.pk)
        .update(status=Status.CANCELLED, cancelled_at=now)
    )
    exchange.refresh_from_db(fields=["status", "cancelled_at"])
    if changed:
        if not _take_away(exchange, now):
            raise ExchangeUsed()
        ShelfItem.objects.filter(pk=exchange.item_id).update(sold=F("sold") - 1)
        points_unspend(key=_key(exchange), now=now)
        _report(events.CANCELLED, exchange, now)
    return exchange


def _lock(items: ShelfItemQuerySet) -> ShelfItem:
    item = items.select_for_update(of=("self",), no_key=True).first()
    if item is None:
        raise selectors.ItemUnknown()
    return item


def _made_before(key: str, item: ShelfItem, member: Member) -> Exchange | None:
    """What this key made already. Asked under the item's lock, so the answer stays true."""
    made = Exchange.objects.select_related("item", "member").filter(key=key).first()
    if made is not None and (made.item_id, made.member_id) != (item.pk, member.pk):
        raise ExchangeConflict()
    return made


def _slot(item: ShelfItem, member: Member) -> int:
    theirs = Exchange.objects.done().filter(item=item, member=member)
    slot = rules.free_slot(theirs.values_list("slot", flat=True), limit=item.per_member)
    if slot is None:
        raise ExchangeLimitReached()
    return slot


def _take_one(item: ShelfItem) -> None:
    offered = ShelfItem.objects.shown().filter(pk=item.pk)
    if offered.in_stock().update(sold=F("sold") + 1) == 1:
        return
    raise ItemSoldOut() if offered.exists() else ItemNotOffered()


def _give(exchange: Exchange, now: dt.datetime) -> None:
    """Issue the coupon, or ask the shop for the gift, under the exchange's own key."""
    item, key = exchange.item, _key(exchange)
    if item.template:
        exchange.coupon = coupon_issue(
            template=item.template,
            member_id=exchange.member_id,
            key=key,
            reference=exchange.public_id,
            now=now,
        ).public_id
        return
    exchange.fulfilment = fulfilment_promise(
        member_id=exchange.member_id,
        gift=item.gift,
        quantity=1,
        key=key,
        reference=exchange.public_id,
        now=now,
    ).public_id
    fulfilment_release(key=key, now=now)


def _take_away(exchange: Exchange, now: dt.datetime) -> bool:
    withdraw = coupon_withdraw if exchange.coupon else fulfilment_withdraw
    return withdraw(key=_key(exchange), now=now)


def _key(exchange: Exchange) -> str:
    return f"exchange:{exchange.public_id}"


def _report(kind: str, exchange: Exchange, now: dt.datetime) -> None:
    event_record(
        key=f"{kind}:{exchange.public_id}",
        kind=kind,
        payload={
            "exchange": exchange.public_id,
            "member": exchange.member.public_id,
            "item": exchange.item.public_id,
            "points": exchange.points,
            "coupon": exchange.coupon,
            "fulfilment": exchange.fulfilment,
        },
        occurred_at=now,
        is_test=exchange.member.is_test,
    )

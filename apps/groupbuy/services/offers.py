"""Offers and their stock. Stock rows are locked after rooms, seats and participants."""

import datetime as dt

from django.db.models import F

from apps.core.transactions import in_transaction
from apps.groupbuy.errors import StockSpent
from apps.groupbuy.models import Offer, OfferItem, Seat
from apps.groupbuy.rules import ItemTerms


@in_transaction
def offer_create(
    *,
    campaign_id: int,
    title: str,
    room_size: int,
    duration: dt.timedelta,
    hold_ttl: dt.timedelta,
    items: tuple[ItemTerms, ...],
) -> Offer:
    """A new offer with its items. The first item is what a seat gets when it names none."""
    offer = Offer.objects.create(
        campaign_id=campaign_id,
        title=title,
        room_size=room_size,
        duration=duration,
        hold_ttl=hold_ttl,
    )
    OfferItem.objects.bulk_create(
        OfferItem(
            offer=offer,
            sku=item.sku,
            name=item.name,
            single_price_minor=item.single_price_minor,
            group_price_minor=item.group_price_minor,
            stock=item.stock,
        )
        for item in items
    )
    return offer


def stock_hold(*, item: OfferItem, quantity: int) -> None:
    """Hold stock by one conditional UPDATE. Raises StockSpent. Locks the item's row."""
    changed = OfferItem.objects.filter(
        pk=item.pk, stock__gte=F("held") + F("sold") + quantity
    ).update(held=F("held") + quantity)
    if changed != 1:
        raise StockSpent()


def stock_sell(*, seat: Seat) -> None:
    """Turn a seat's held stock into sold. Locks the item's row."""
    OfferItem.objects.filter(pk=seat.item_id).update(
        held=F("held") - seat.quantity, sold=F("sold") + seat.quantity
    )


def stock_free(*, seat: Seat, was: str) -> None:
    """Give back the stock of a seat that was held or paid. Locks the item's row."""
    column = "sold" if was == Seat.Status.PAID else "held"
    OfferItem.objects.filter(pk=seat.item_id).update(**{column: F(column) - seat.quantity})

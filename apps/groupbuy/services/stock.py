"""An offer's stock. Its rows are locked after rooms, seats and participants."""

from django.db.models import F

from apps.groupbuy.errors import StockSpent
from apps.groupbuy.models import OfferItem, Seat


def stock_hold(*, item_id: int, quantity: int) -> None:
    """Hold stock by one conditional UPDATE. Raises StockSpent. Locks the item's row."""
    changed = OfferItem.objects.filter(
        pk=item_id, stock__gte=F("held") + F("sold") + quantity
    ).update(held=F("held") + quantity)
    if changed != 1:
        raise StockSpent()


def stock_swap(*, seat: Seat, item_id: int, quantity: int) -> None:
    """Hold stock of another item or quantity instead of a held seat's. Raises StockSpent.

    Locks the rows of both items in pk order.
    """
    if item_id == seat.item_id:
        more = quantity - seat.quantity
        changed = OfferItem.objects.filter(
            pk=item_id, stock__gte=F("held") + F("sold") + more
        ).update(held=F("held") + more)
        if changed != 1:
            raise StockSpent()
    elif item_id < seat.item_id:
        stock_hold(item_id=item_id, quantity=quantity)
        stock_free(seat=seat, was=Seat.Status.HELD)
    else:
        stock_free(seat=seat, was=Seat.Status.HELD)
        stock_hold(item_id=item_id, quantity=quantity)


def stock_sell(*, seat: Seat) -> None:
    """Turn a seat's held stock into sold. Locks the item's row."""
    OfferItem.objects.filter(pk=seat.item_id).update(
        held=F("held") - seat.quantity, sold=F("sold") + seat.quantity
    )


def stock_free(*, seat: Seat, was: str) -> None:
    """Give back the stock of a seat that was held or paid. Locks the item's row."""
    column = "sold" if was == Seat.Status.PAID else "held"
    OfferItem.objects.filter(pk=seat.item_id).update(**{column: F(column) - seat.quantity})

"""Reading the shelf."""

from collections.abc import Sequence

from django.db.models import Count, QuerySet

from apps.core.errors import NotFound
from apps.shelf.models import Exchange, ShelfItem

SHOWN = 200


class ItemUnknown(NotFound):
    code = "shelf_item_unknown"
    message = "There is no such item on the shelf."


class ExchangeUnknown(NotFound):
    code = "exchange_unknown"
    message = "There is no exchange with this id."


def shelf(*, is_test: bool) -> list[ShelfItem]:
    """What is on the shelf now, the cheapest first, at most 200; sold out ones too."""
    return list(ShelfItem.objects.shown().filter(is_test=is_test).order_by("points", "pk")[:SHOWN])


def taken_by(member_id: int, items: Sequence[ShelfItem]) -> dict[int, int]:
    """How many of these items a member has, by the item's primary key."""
    mine = Exchange.objects.done().filter(member=member_id, item__in=[item.pk for item in items])
    return dict(mine.values_list("item_id").annotate(Count("pk")))


def exchanges_of(member_id: int) -> QuerySet[Exchange]:
    """A member's exchanges with their items, in no order."""
    return Exchange.objects.filter(member=member_id).select_related("item", "member")


def exchange_by_public_id(
    public_id: str, *, is_test: bool, member_id: int | None = None
) -> Exchange:
    """An exchange, of this member if one is named. Raises ExchangeUnknown."""
    rows = Exchange.objects.filter(public_id=public_id, member__is_test=is_test)
    if member_id is not None:
        rows = rows.filter(member=member_id)
    exchange = rows.select_related("item", "member").first()
    if exchange is None:
        raise ExchangeUnknown()
    return exchange

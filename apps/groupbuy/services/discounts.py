"""Group discounts in a campaign's budget, where the campaign wants them there.

A hold reserves what the group price takes off, at the last of its steps; nothing else touches the
budget in the transactions of rooms and payments. A sweeper follows each seat: once its room is
complete, what the final price takes off is spent and the rest freed; once released, all is freed.
"""

from django.db.models import Q

from apps.campaigns.services import budget_free, budget_reserve, budget_spend
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.groupbuy.errors import DiscountsSpent
from apps.groupbuy.models import Room, Seat
from apps.groupbuy.rules import RoomItem, RoomStatus, Terms, lowest_price, seat_price
from apps.groupbuy.selectors import room_terms

Discount = Seat.Discount

_TO_SPEND = Q(
    discount=Discount.RESERVED, status=Seat.Status.PAID, room__status=RoomStatus.COMPLETED
)
_TO_FREE = Q(discount__in=(Discount.RESERVED, Discount.SPENT), status=Seat.Status.RELEASED)


def discount_of(terms: Terms, item: RoomItem, quantity: int, *, opens: bool) -> int:
    """The most a seat can cost the shop below the price alone: at the item's last step."""
    lowest = _lowest(terms, item, quantity, opens=opens)
    return max(item.single_price_minor * quantity - lowest, 0)


def _lowest(terms: Terms, item: RoomItem, quantity: int, *, opens: bool) -> int:
    return seat_price(
        lowest_price(item), quantity, opens=opens, host_discount_minor=terms.host_discount_minor
    )


def discount_reserve(*, room: Room, discount_minor: int) -> int:
    """Set a seat's discount aside; how much, 0 where the campaign does not count discounts.

    Raises DiscountsSpent. Locks the budget: the last lock of a hold.
    """
    campaign = room.offer.campaign
    if not campaign.counts_group_discounts or discount_minor <= 0:
        return 0
    if not budget_reserve(campaign_id=campaign.pk, cost_minor=discount_minor):
        raise DiscountsSpent()
    return discount_minor


def discount_change(*, room: Room, seat: Seat, discount_minor: int) -> None:
    """Let a held seat's reserved discount follow a swap. Raises DiscountsSpent. Locks the budget.

    The seat is changed, not saved.
    """
    more = discount_minor - seat.discount_minor
    if not room.offer.campaign.counts_group_discounts:
        return
    if more > 0 and not budget_reserve(campaign_id=room.offer.campaign_id, cost_minor=more):
        raise DiscountsSpent()
    if more < 0:
        budget_free(campaign_id=room.offer.campaign_id, reserved_minor=-more)
    seat.discount_minor = discount_minor
    seat.discount = Discount.RESERVED if discount_minor else Discount.NONE


def discounts_follow() -> int:
    """Spend or free the discounts of seats whose fate is clear, one per transaction; how many."""
    due = Seat.objects.filter(_TO_SPEND | _TO_FREE).order_by("pk")
    return each_due(list(due.values_list("pk", flat=True)[:BATCH]), _follow)


@in_transaction
def _follow(seat_id: int) -> bool:
    seat = (
        Seat.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("room__offer")
        .filter(_TO_SPEND | _TO_FREE, pk=seat_id)
        .first()
    )
    if seat is None:
        return False
    campaign_id, cost = seat.room.offer.campaign_id, seat.discount_minor
    was = seat.discount
    released = seat.status == Seat.Status.RELEASED
    if not released:
        _spend(seat, campaign_id)
        return True
    seat.discount = Discount.FREED
    seat.save(update_fields=["discount"])
    if was == Discount.SPENT:
        budget_free(campaign_id=campaign_id, spent_minor=cost)
    else:
        budget_free(campaign_id=campaign_id, reserved_minor=cost)
    return True


def _spend(seat: Seat, campaign_id: int) -> None:
    """Spend what the final price takes off; what was reserved for lower steps is free again."""
    unused = min(_above_lowest(seat), seat.discount_minor)
    seat.discount_minor -= unused
    seat.discount = Discount.SPENT if seat.discount_minor else Discount.NONE
    seat.save(update_fields=["discount", "discount_minor"])
    if unused:
        budget_free(campaign_id=campaign_id, reserved_minor=unused)
    if seat.discount_minor:
        budget_spend(campaign_id=campaign_id, cost_minor=seat.discount_minor)


def _above_lowest(seat: Seat) -> int:
    """By how much the final price is above the last step's; 0 where there are no steps."""
    terms = room_terms(seat.room)
    item = terms.item(seat.item_id)
    if item is None or seat.final_price_minor is None:
        return 0
    return seat.final_price_minor - _lowest(terms, item, seat.quantity, opens=seat.opens)

"""Group discounts in a campaign's budget, where the campaign wants them there.

A hold reserves what the group price takes off; nothing else touches the budget in the transactions
of rooms and payments. A sweeper follows each seat: spent once its room is complete, freed once the
seat is released.
"""

from django.db.models import Q

from apps.campaigns.services import budget_free, budget_reserve, budget_spend
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.groupbuy.errors import DiscountsSpent
from apps.groupbuy.models import OfferItem, Room, Seat
from apps.groupbuy.rules import RoomStatus

Discount = Seat.Discount

_TO_SPEND = Q(
    discount=Discount.RESERVED, status=Seat.Status.PAID, room__status=RoomStatus.COMPLETED
)
_TO_FREE = Q(discount__in=(Discount.RESERVED, Discount.SPENT), status=Seat.Status.RELEASED)


def discount_reserve(*, room: Room, item: OfferItem, quantity: int) -> int:
    """Set a seat's discount aside; how much, 0 where the campaign does not count discounts.

    Raises DiscountsSpent. Locks the budget: the last lock of a hold.
    """
    campaign = room.offer.campaign
    discount = (item.single_price_minor - item.group_price_minor) * quantity
    if not campaign.counts_group_discounts or discount <= 0:
        return 0
    if not budget_reserve(campaign_id=campaign.pk, cost_minor=discount):
        raise DiscountsSpent()
    return discount


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
    seat.discount = Discount.FREED if released else Discount.SPENT
    seat.save(update_fields=["discount"])
    if not released:
        budget_spend(campaign_id=campaign_id, cost_minor=cost)
    elif was == Discount.SPENT:
        budget_free(campaign_id=campaign_id, spent_minor=cost)
    else:
        budget_free(campaign_id=campaign_id, reserved_minor=cost)
    return True

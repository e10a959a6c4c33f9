"""What of rooms, seats and refunds hangs on a campaign."""

from collections.abc import Callable, Sequence

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from apps.campaigns.effects import BudgetPart, Counted, Effect, Turn
from apps.groupbuy.models import RefundOrder, Room, Seat
from apps.groupbuy.rules import RoomStatus


def _rooms(*statuses: RoomStatus) -> Callable[[Sequence[int]], Counted]:
    def count(campaign_ids: Sequence[int]) -> Counted:
        rooms = Room.objects.filter(offer__campaign__in=campaign_ids, status__in=statuses)
        return Counted(rooms.count())

    return count


def _held(campaign_ids: Sequence[int]) -> Counted:
    held = Seat.objects.filter(room__offer__campaign__in=campaign_ids, status=Seat.Status.HELD)
    return Counted(held.count())


def _refunds(campaign_ids: Sequence[int]) -> Counted:
    asked = RefundOrder.objects.filter(
        seat__room__offer__campaign__in=campaign_ids, status=RefundOrder.Status.REQUESTED
    )
    sums = asked.values_list("currency").annotate(total=Sum("amount_minor")).order_by("currency")
    return Counted(asked.count(), dict(sums))


EFFECTS = (
    Effect(
        "Rooms that wait for their host's payment",
        _rooms(RoomStatus.PENDING),
        {
            Turn.PAUSE: "They open when the host pays in time; no further room is opened.",
            Turn.END: "They open when the host pays in time; no further room is opened.",
            Turn.STOP: "They open when the host pays in time; no further room is opened.",
        },
        40,
    ),
    Effect(
        "Open rooms",
        _rooms(RoomStatus.OPEN, RoomStatus.CLOSING),
        {
            Turn.PAUSE: "They go on to their deadline. Only participants can still take a seat.",
            Turn.END: "They go on to their deadline and complete or fail. Only participants can "
            "still take a seat.",
            Turn.STOP: "Nobody can take a seat. Their deadlines still come: those that did not fill "
            "up fail, and their payments are asked back.",
            Turn.LIFT: "Those whose deadline has not come admit people again.",
        },
        50,
    ),
    Effect(
        "Held seats",
        _held,
        {
            Turn.PAUSE: "They can be paid until their hold runs out.",
            Turn.END: "They can be paid until their hold runs out.",
            Turn.STOP: "They can be paid until their hold runs out; no further seat is held.",
        },
        60,
    ),
    Effect(
        "Refunds the shop still has to make",
        _refunds,
        {
            Turn.PAUSE: "They stay due.",
            Turn.END: "They stay due.",
            Turn.STOP: "They stay due, and confirming them is recorded.",
        },
        90,
    ),
)


def budget_parts(campaign_id: int) -> list[BudgetPart]:
    """What group discounts have reserved and spent of a campaign's budget."""
    seats = Seat.objects.filter(room__offer__campaign=campaign_id, discount_minor__gt=0)
    sums = {
        state: Coalesce(Sum("discount_minor", filter=Q(discount=state)), 0)
        for state in (Seat.Discount.RESERVED, Seat.Discount.SPENT)
    }
    totals = seats.aggregate(**{str(state.value): total for state, total in sums.items()})
    if not any(totals.values()):
        return []
    return [BudgetPart("group_discount", totals["reserved"], totals["spent"])]

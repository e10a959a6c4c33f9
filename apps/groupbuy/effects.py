"""What of rooms, seats and refunds hangs on a campaign."""

from collections.abc import Callable, Sequence

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from apps.campaigns.effects import BudgetPart, Counted, Effect, Shown, Turn
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
    asked = RefundOrder.objects.outstanding().filter(seat__room__offer__campaign__in=campaign_ids)
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


def cancelling(room_ids: Sequence[int]) -> list[Shown]:
    """What there is in these rooms, and what becomes of it when they are cancelled."""
    refunds = "The shop is asked to pay back each of them; their seats are freed."
    return [
        Shown("Rooms that have not ended", Counted(len(room_ids)), "They end for good, at once."),
        Shown("Paid seats", _paid(room_ids), refunds),
        Shown("Held seats", _holds(room_ids), "They are released; paying one asks for a refund."),
    ]


def going_on(room_ids: Sequence[int]) -> list[Shown]:
    """What there is in these rooms, and what becomes of it when only new ones are refused."""
    return [
        Shown(
            "Rooms that have not ended",
            Counted(len(room_ids)),
            "They admit people until their deadline, and complete or fail as always.",
        ),
        Shown("Paid seats", _paid(room_ids), "They stay paid, unless their room fails."),
        Shown("Held seats", _holds(room_ids), "They can be paid."),
    ]


def _holds(room_ids: Sequence[int]) -> Counted:
    return Counted(Seat.objects.filter(room__in=room_ids, status=Seat.Status.HELD).count())


def _paid(room_ids: Sequence[int]) -> Counted:
    paid = Seat.objects.filter(room__in=room_ids, status=Seat.Status.PAID)
    rows = paid.values_list("line__order__currency").annotate(
        seats=Count("pk"), kept=Sum(F("line__amount_minor") - F("line__refunded_minor"))
    )
    found = list(rows.order_by("line__order__currency"))
    return Counted(
        sum(seats for _, seats, _ in found), {str(currency): kept for currency, _, kept in found}
    )

"""What the final price of a stepped room leaves over goes back: as a refund order, or as points.

A completed room marks the seats that paid more than their final price; a sweeper settles each alone.
"""

import datetime as dt

from django.db.models import Q

from apps.core.clock import engine_now
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.groupbuy.models import RefundOrder, Seat
from apps.groupbuy.rules import Settlement, points_worth
from apps.groupbuy.selectors import room_terms
from apps.groupbuy.services.refunds import refund_order_request
from apps.orders.models import OrderLine
from apps.orders.services import order_lock
from apps.points.selectors import programme_of
from apps.points.services import points_claw_back, points_pend, points_settle, purses_lock

State = Seat.Settlement

_DUE = Q(settlement=State.DUE) | Q(settlement=State.CREDIT, status=Seat.Status.RELEASED)


def steps_settle() -> int:
    """Settle the seats whose final price is known, one per transaction; how many."""
    due = Seat.objects.filter(_DUE).order_by("pk")
    return each_due(list(due.values_list("pk", flat=True)[:BATCH]), _settle)


@in_transaction
def _settle(seat_id: int) -> bool:
    """Locks the order, the seat, the member's accounts."""
    found = OrderLine.objects.select_related("order").filter(paid_seat=seat_id).first()
    if found is None:
        return False
    order_lock(order_id=found.order.order_id, is_test=found.order.is_test)
    seat = (
        Seat.objects.select_for_update(of=("self",), no_key=True)
        .select_related("line__order", "room__offer__campaign")
        .filter(_DUE, pk=seat_id)
        .first()
    )
    if seat is None or seat.line is None:
        return False
    clock = engine_now()
    if seat.settlement == State.CREDIT:
        _take_back(seat, clock)
    else:
        _give(seat, seat.line, clock)
    return True


def _give(seat: Seat, line: OrderLine, clock: dt.datetime) -> None:
    """At most what is left of the line: what was refunded meanwhile is not given twice."""
    over = seat.price_minor - (seat.final_price_minor or 0)
    owed = min(over, line.kept_minor, line.order.kept_minor)
    points = _points(seat, owed)
    if owed <= 0 or seat.status != Seat.Status.PAID:
        seat.settlement = State.VOID
    elif points:
        _credit(seat, points, clock)
    else:
        refund_order_request(seat, line, RefundOrder.Why.STEP_PRICE, clock, at_most=owed)
        seat.settlement = State.REFUND
    seat.save(update_fields=["settlement", "credited_points"])


def _points(seat: Seat, owed: int) -> int:
    """The points that are worth `owed`; 0 where it is refunded, or points pay nothing in this money."""
    if room_terms(seat.room).settlement is not Settlement.CREDIT:
        return 0
    offer = seat.room.offer
    programme = programme_of(is_test=offer.campaign.is_test)
    if programme.currency != offer.campaign.currency:
        return 0
    return points_worth(owed, programme.worth_of_100_points_minor)


def _credit(seat: Seat, points: int, clock: dt.datetime) -> None:
    purse = purses_lock(member_ids=[seat.member_id])[seat.member_id]
    points_pend(
        member_id=seat.member_id,
        amount=points,
        key=f"step:{seat.public_id}:pend",
        reference=seat.public_id,
        now=clock,
        purse=purse,
    )
    points_settle(
        member_id=seat.member_id,
        amount=points,
        key=f"step:{seat.public_id}",
        reference=seat.public_id,
        now=clock,
        purse=purse,
    )
    seat.settlement, seat.credited_points = State.CREDIT, points


def _take_back(seat: Seat, clock: dt.datetime) -> None:
    """The shop refunded the whole seat, credit included: the points come back."""
    points_claw_back(
        member_id=seat.member_id,
        amount=seat.credited_points,
        key=f"step:{seat.public_id}:back",
        reference=seat.public_id,
        now=clock,
    )
    seat.settlement = State.TAKEN_BACK
    seat.save(update_fields=["settlement"])

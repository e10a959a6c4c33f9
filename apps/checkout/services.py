"""The shop's sale as one transaction: the only place that composes orders, seats and campaigns."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import is_running, was_running
from apps.core.errors import Conflict, EngineError
from apps.core.transactions import in_transaction
from apps.groupbuy.errors import SeatUnknown
from apps.groupbuy.models import RefundOrder, Seat
from apps.groupbuy.services import (
    refund_order_confirm,
    refund_order_lock,
    seat_pay,
    seats_refunded,
    seats_release_order,
)
from apps.groupbuy.services.payments import Outcome, SeatOutcome
from apps.invites.selectors import Brought, participant_of
from apps.invites.services import campaign_order_record, touch_record
from apps.orders.models import Order, OrderLine, Refund
from apps.orders.rules import RefundAsk
from apps.orders.services import (
    OrderReport,
    order_lock,
    order_record,
    refund_record,
    tombstones_apply,
)

# Unlike any id a shop would choose for a refund of its own.
CANCELLED = "engine:cancel"


class CurrencyMismatch(Conflict):
    code = "currency_mismatch"
    message = "The order is kept, but counts in no campaign of another currency."


@dataclass(frozen=True)
class Reported:
    """A reported order, and what had to be ignored of the report."""

    order: Order
    ignored: tuple[EngineError, ...] = ()


@in_transaction
def order_report(*, report: OrderReport, brought: Brought, now: dt.datetime) -> Reported:
    """Record a paid order, pay its seats and count it in its campaigns, or nothing at all.

    Reported again it changes nothing. Refunds that arrived before it are applied first, so a seat
    that was already paid back is not taken. What brought the buyer counts in the campaign it leads
    to, if the order does; a code or token that is no good is named in the answer and otherwise
    ignored, for the money is paid. Raises OrderConflict, SeatUnknown, SeatOfSomebodyElse. Locks
    order, rooms in pk order, seats, participants, stock.
    """
    order, is_first = order_record(report=report)
    if not is_first:
        return Reported(order)
    ignored = _touch(order, brought, now)
    emptied = {line.pk for line in tombstones_apply(order=order)}
    outcomes = [
        seat_pay(seat_id=line.seat, line=line, pointer=f"/lines/{index}/seat")
        for index, line in _seat_lines(order)
        if line.pk not in emptied
    ]
    if emptied:
        seats_release_order(order_id=order.order_id, is_test=order.is_test)
    seated = any(line.seat for line in order.lines.all())
    if seated:
        paid = {outcome.room.offer.campaign for outcome in outcomes if _is_paid(outcome)}
        campaigns = sorted(paid, key=lambda campaign: campaign.pk)
    else:
        campaigns = list(_enrolling(order))
    for campaign in campaigns:
        if order.currency != campaign.currency:
            ignored.append(CurrencyMismatch(pointer="/currency"))
        elif is_running(campaign, now) or participant_of(campaign, order.member_id) is not None:
            campaign_order_record(campaign=campaign, order=order, now=now)
    return Reported(order, tuple(ignored))


def _touch(order: Order, brought: Brought, now: dt.datetime) -> list[EngineError]:
    """Keep what brought the buyer; what was wrong with it, if anything."""
    if brought == Brought():
        return []
    try:
        with transaction.atomic():
            touch_record(member_id=order.member_id, brought=brought, now=now)
    except EngineError as error:
        return [error]
    return []


def _is_paid(outcome: SeatOutcome) -> bool:
    return outcome.outcome is Outcome.PAID


def _seat_lines(order: Order) -> list[tuple[int, OrderLine]]:
    """(index in the report, line) of the lines with a seat, in the pk order of their rooms.

    Raises SeatUnknown.
    """
    lines = list(enumerate(order.lines.select_related("order").order_by("pk")))
    with_seat = [(index, line) for index, line in lines if line.seat]
    rooms = dict(
        Seat.objects.filter(public_id__in=[line.seat for _, line in with_seat]).values_list(
            "public_id", "room_id"
        )
    )
    for index, line in with_seat:
        if line.seat not in rooms:
            raise SeatUnknown(f"There is no seat {line.seat}.", pointer=f"/lines/{index}/seat")
    return sorted(with_seat, key=lambda pair: (rooms[pair[1].seat], pair[0]))


def _enrolling(order: Order) -> list[Campaign]:
    """The campaigns in whose window the order falls and whose enrolment covers its buyer."""
    published = Campaign.objects.exclude(status=Campaign.Status.DRAFT).filter(
        is_test=order.is_test, starts_at__lte=order.occurred_at
    )
    return [
        campaign
        for campaign in published.order_by("pk")
        if was_running(campaign, order.occurred_at)
        and (
            campaign.enrolment == Campaign.Enrolment.EVERYONE
            or participant_of(campaign, order.member_id) is not None
        )
    ]


@in_transaction
def refund_report(
    *,
    order_id: str,
    refund_id: str,
    ask: RefundAsk,
    occurred_at: dt.datetime,
    is_test: bool = False,
) -> Refund:
    """Record a refund, once, and free the seats whose lines it empties.

    Before its order it waits for it. Raises RefundConflict, RefundExceedsPaid, LineUnknown. Locks
    order, rooms, seats, stock.
    """
    refund, emptied = refund_record(
        order_id=order_id, refund_id=refund_id, ask=ask, occurred_at=occurred_at, is_test=is_test
    )
    seats_refunded(lines=emptied)
    return refund


@in_transaction
def order_cancel(*, order_id: str, is_test: bool, now: dt.datetime) -> Refund:
    """Release what is held for an unpaid order; refund a paid one in full. Again changes nothing.

    If the payment is reported later all the same, it is refunded in full at once. Locks as
    `refund_report`.
    """
    order_lock(order_id=order_id, is_test=is_test)
    seats_release_order(order_id=order_id, is_test=is_test)
    return refund_report(
        order_id=order_id,
        refund_id=CANCELLED,
        ask=RefundAsk(),
        occurred_at=now,
        is_test=is_test,
    )


@in_transaction
def refund_order_paid(*, public_id: str, is_test: bool, now: dt.datetime) -> RefundOrder:
    """The shop has paid a refund order back: confirming it is the refund. Again changes nothing.

    Takes at most what is left of the line. Raises RefundOrderUnknown. Locks order, rooms, seats,
    stock, the refund order.
    """
    line = (
        OrderLine.objects.select_related("order").filter(refund_order__public_id=public_id).first()
    )
    if line is not None:
        order_lock(order_id=line.order.order_id, is_test=is_test)
    refund_order = refund_order_lock(public_id=public_id, is_test=is_test)
    if refund_order.status == RefundOrder.Status.CONFIRMED:
        return refund_order
    line = refund_order.line
    amount = min(refund_order.amount_minor, line.kept_minor, line.order.kept_minor)
    if amount:
        refund_report(
            order_id=line.order.order_id,
            refund_id=f"engine:{public_id}",
            ask=RefundAsk(lines=((line.line_id, amount),)),
            occurred_at=now,
            is_test=is_test,
        )
    refund_order_confirm(refund_order=refund_order)
    refund_order.refresh_from_db()
    return refund_order

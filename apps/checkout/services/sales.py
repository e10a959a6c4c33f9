"""A paid order as one transaction: its seats, its campaigns, and what was reserved for it."""

import contextlib
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Contender, outrank
from apps.campaigns.selectors import admits_newcomers, is_running, was_running
from apps.checkout.services.instruments import instruments_return
from apps.core.errors import Conflict, EngineError
from apps.core.transactions import in_transaction
from apps.coupons.services import coupons_capture_order
from apps.groupbuy.errors import SeatUnknown
from apps.groupbuy.models import Seat
from apps.groupbuy.services import seat_pay, seats_release_order
from apps.groupbuy.services.payments import Outcome, SeatOutcome
from apps.invites.selectors import Brought, campaigns_joined
from apps.invites.services import CampaignFull, campaign_order_record, touch_record
from apps.orders.models import Order, OrderLine
from apps.orders.services import OrderReport, order_record, tombstones_apply
from apps.points.services import points_capture_order

EVERYONE = Campaign.Enrolment.EVERYONE


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
    ignored, for the money is paid. Coupons and points reserved for the order are captured. Raises
    OrderConflict, SeatUnknown, SeatOfSomebodyElse. Locks order, rooms in pk order, seats,
    participants, stock, coupons, accounts.
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
    for campaign, outranked in campaigns_counting(order, _seated(order, outcomes), ignored, now):
        # Its budget may just have been used up; the order is paid and kept all the same.
        with contextlib.suppress(CampaignFull), transaction.atomic():
            campaign_order_record(campaign=campaign, order=order, now=now, outranked=outranked)
    coupons_capture_order(
        order_id=order.order_id, member_id=order.member_id, is_test=order.is_test, now=now
    )
    points_capture_order(
        order_id=order.order_id, member_id=order.member_id, is_test=order.is_test, now=now
    )
    if order.refunded_minor or emptied:  # emptied: also an order that only points and coupons paid
        instruments_return(order=order, now=now)
    return Reported(order, tuple(ignored))


def _touch(order: Order, brought: Brought, now: dt.datetime) -> list[EngineError]:
    """Keep what brought the buyer; what was wrong with it, part by part, if anything."""
    ignored: list[EngineError] = []
    for said in brought.parts():
        try:
            with transaction.atomic():
                touch_record(member_id=order.member_id, brought=said, now=now)
        except EngineError as error:
            ignored.append(error)
    return ignored


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


def _seated(order: Order, outcomes: Sequence[SeatOutcome]) -> list[Campaign] | None:
    """The campaigns of the seats an order has paid; None for an order that names no seat."""
    if not any(line.seat for line in order.lines.all()):
        return None
    return list({outcome.room.offer.campaign for outcome in outcomes if _is_paid(outcome)})


def campaigns_counting(
    order: Order,
    seated: Iterable[Campaign] | None,
    ignored: list[EngineError],
    now: dt.datetime,
) -> list[tuple[Campaign, tuple[str, ...]]]:
    """The campaigns an order counts in, each with those of its exclusive group that lost it.

    With a seat it is the seat's campaign, whatever others there are. What keeps the order out of one
    is added to `ignored`. Only reads: the order need not be kept yet.
    """
    found = _in_window(order) if seated is None else sorted(seated, key=lambda row: row.pk)
    joined = campaigns_joined(order.member_id, found)
    if seated is None:
        found = [row for row in found if row.pk in joined or row.enrolment == EVERYONE]
    counting = [
        row
        for row in found
        if _is_in_its_currency(row, order, ignored) and (row.pk in joined or _admits(row, now))
    ]
    if seated is not None:
        return [(campaign, ()) for campaign in counting]
    winners = outrank(
        Contender(row.public_id, row.exclusive_group, row.priority, row.pk) for row in counting
    )
    return [(row, winners[row.public_id]) for row in counting if row.public_id in winners]


def _is_in_its_currency(campaign: Campaign, order: Order, ignored: list[EngineError]) -> bool:
    if order.currency == campaign.currency:
        return True
    ignored.append(CurrencyMismatch(pointer="/currency"))
    return False


def _admits(campaign: Campaign, now: dt.datetime) -> bool:
    return is_running(campaign, now) and admits_newcomers(campaign)


def _in_window(order: Order) -> list[Campaign]:
    """The campaigns in whose window the order falls, by pk."""
    published = Campaign.objects.exclude(status=Campaign.Status.DRAFT).filter(
        is_test=order.is_test, starts_at__lte=order.occurred_at
    )
    return [row for row in published.order_by("pk") if was_running(row, order.occurred_at)]

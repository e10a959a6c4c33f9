"""Trying a report of an order."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Max

from apps.campaigns.rules import LineFacts, OrderFacts
from apps.checkout.dry_run.counting import Counted, Counting
from apps.checkout.dry_run.seats import SeatForecast, first_of, seats_forecast
from apps.checkout.dry_run.touches import said_of
from apps.checkout.services.sales import campaigns_counting
from apps.core.errors import EngineError
from apps.invites.selectors import Brought
from apps.orders.models import Order
from apps.orders.services import OrderReport


@dataclass(frozen=True)
class DryRun:
    """What the order would do. Reported already, it would do nothing more."""

    order_id: str
    nth: int
    already_reported: bool
    seats: tuple[SeatForecast, ...] = ()
    campaigns: tuple[Counted, ...] = ()
    ignored: tuple[EngineError, ...] = ()


def order_dry_run(*, report: OrderReport, brought: Brought, now: dt.datetime) -> DryRun:
    """What reporting this order would do. Raises SeatUnknown, SeatOfSomebodyElse."""
    known = Order.objects.filter(order_id=report.order_id, is_test=report.is_test).first()
    if known is not None:
        return DryRun(known.order_id, known.nth, already_reported=True)
    order = Order(
        order_id=report.order_id,
        is_test=report.is_test,
        member_id=report.member_id,
        nth=1 + _last_nth(report.member_id),
        currency=report.currency,
        paid_minor=report.paid_minor,
        occurred_at=report.occurred_at,
    )
    said = said_of(report.member_id, brought, now)
    seats = seats_forecast(report, now)
    paid = [seat for seat in seats if seat.outcome == "paid"]
    seated = {seat.room.offer.campaign for seat in paid} if seats else None
    counting = campaigns_counting(order, seated, said.ignored, now)
    lines = tuple(LineFacts(line.tags, line.amount_minor) for line in report.lines)
    facts = OrderFacts(order.paid_minor, order.nth, lines, order.order_id)
    return DryRun(
        order.order_id,
        order.nth,
        already_reported=False,
        seats=tuple(seats),
        campaigns=tuple(
            Counting(campaign, order, facts, first_of(paid, campaign), said, now).counted(losers)
            for campaign, losers in counting
        ),
        ignored=tuple(said.ignored),
    )


def _last_nth(member_id: int) -> int:
    found = Order.objects.filter(member_id=member_id).aggregate(last=Max("nth"))
    return found["last"] or 0

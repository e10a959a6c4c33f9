"""The rollups of money as they are counted by hand, one order line and one grant at a time."""

import datetime as dt
import zoneinfo
from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from apps.campaigns.models import Campaign
from apps.groupbuy.models import Seat
from apps.invites.models import CampaignOrder
from apps.orders.models import MarginRate, Order, OrderLine
from apps.rewards.models import Grant

Sums = dict[tuple[Any, ...], list[Any]]


def money_by_hand(campaign: Campaign) -> dict[str, list[tuple[Any, ...]]]:
    zone = zoneinfo.ZoneInfo(campaign.time_zone)
    sold: dict[tuple[Any, ...], list[Fraction]] = defaultdict(lambda: [Fraction()] * 4)
    for counted in CampaignOrder.objects.filter(campaign=campaign).select_related(
        "order", "participant"
    ):
        who, order = counted.participant, counted.order
        confirmed = who.confirmed_at
        age = max((order.occurred_at - confirmed) // dt.timedelta(days=1), 0) if confirmed else None
        for source, *values in _parts(order):
            key = (who.pk, _day(order.occurred_at, zone), age, source)
            sold[key] = [old + new for old, new in zip(sold[key], values, strict=True)]
    variants, days = _of(campaign, zone)
    sales: Sums = defaultdict(list)
    earnings: Sums = defaultdict(list)
    for (who, day, age, source), values in sold.items():
        revenue, refunded, margin, discount = map(_six, values)
        sales[day, variants[who], source].append((1, revenue, refunded, margin, discount))
        if age is not None:
            earnings[days[who], variants[who], age].append((1, margin - discount))
    return {"sale": _added(sales), "earning": _added(earnings), "reward": _rewards(campaign, zone)}


def _of(campaign: Campaign, zone: zoneinfo.ZoneInfo) -> tuple[dict[int, str], dict[int, Any]]:
    """The variant, and the day of the confirmation, of each participant."""
    people = list(campaign.participants.all())
    days = {row.pk: row.confirmed_at and _day(row.confirmed_at, zone) for row in people}
    return {row.pk: row.variant for row in people}, days


def _parts(order: Order) -> Iterator[tuple[Any, ...]]:
    """(source, revenue, refunded, margin, discount) of each line, and of what was paid beyond them."""
    rates = dict(MarginRate.objects.values_list("tag", "rate_bps"))
    lines = list(order.lines.all())
    left = order.paid_minor - sum(line.refunded_minor for line in lines)
    of_rest = Fraction(order.kept_minor, left) if left else Fraction(not order.refunds.exists())
    for line in lines:
        kept = of_rest
        if line.amount_minor:
            kept *= Fraction(line.kept_minor, line.amount_minor)
        source, margin, discount = _margin(line, rates)
        amount = line.amount_minor
        yield source, amount * kept, amount * (1 - kept), margin * kept, discount * kept
    beyond = order.paid_minor - sum(line.amount_minor for line in lines)
    if beyond > 0:
        rate = rates.get("")
        source = "unknown" if rate is None else "default"
        margin = Fraction(beyond * (rate or 0), 10_000)
        yield source, beyond * of_rest, beyond * (1 - of_rest), margin * of_rest, Fraction()


def _margin(line: OrderLine, rates: dict[str, int]) -> tuple[str, Fraction, int]:
    seat = Seat.objects.filter(line=line).select_related("item").first()
    discount = 0
    if seat is not None:
        discount = max(seat.item.single_price_minor * seat.quantity - seat.price_minor, 0)
    if line.margin_minor is not None:
        return "line", Fraction(line.margin_minor + discount), discount
    by_tag = [rates[tag] for tag in line.tags if tag and tag in rates]
    if not by_tag and "" not in rates:
        return "unknown", Fraction(), 0
    rate = min(by_tag) if by_tag else rates[""]
    margin = Fraction((line.amount_minor + discount) * rate, 10_000)
    return "tag" if by_tag else "default", margin, discount


def _rewards(campaign: Campaign, zone: zoneinfo.ZoneInfo) -> list[tuple[Any, ...]]:
    sums: Sums = defaultdict(list)
    for grant in Grant.objects.filter(campaign=campaign).prefetch_related("claw_backs"):
        backs = list(grant.claw_backs.all())
        clawed = sum(back.amount for back in backs if not back.while_pending)
        voided = sum(back.amount for back in backs if back.while_pending)
        for moment, at in (("granted", grant.granted_at), ("settled", grant.settled_at)):
            if at is not None:
                key = (moment, _day(at, zone), grant.kind, grant.status)
                sums[key].append((1, grant.left, grant.cost_minor, clawed, voided))
    return _added(sums)


def _added(rows: Sums) -> list[tuple[Any, ...]]:
    return sorted((*key, *map(sum, zip(*values, strict=True))) for key, values in rows.items())


def _six(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _day(at: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)

"""Rooms that ended, and what the shop owes for them."""

import itertools
from typing import Any

from apps.checkout.services import order_report
from apps.core.models import Event
from apps.groupbuy.models import RefundOrder, Room, Seat
from apps.groupbuy.services import room_cancel, room_open, seat_hold
from apps.invites.selectors import Brought
from apps.members.models import Member
from apps.orders.services import LineReport, OrderReport
from tests.makers import make_campaign, make_member, make_offer, now

PRICE = 4900

_numbers = itertools.count(1)


def pay(member: Member, *seats: Seat) -> str:
    """One order of `member` that pays these seats, a line each; its id."""
    order_id = f"sale-{next(_numbers)}"
    lines = tuple(
        LineReport(str(number), "tea", 1, PRICE, seat=seat.public_id)
        for number, seat in enumerate(seats, 1)
    )
    report = OrderReport(
        order_id=order_id,
        member_id=member.pk,
        currency="CNY",
        paid_minor=PRICE * len(seats),
        occurred_at=now(),
        lines=lines,
    )
    order_report(report=report, brought=Brought(), now=now())
    return order_id


def make_room(paid: int = 1, *, size: int = 5, **terms: Any) -> Room:
    """An open room with so many paid seats, each of a member of their own."""
    offer = make_offer(make_campaign(qualifying_act="room"), size=size, **terms)
    host = make_member()
    room, seat = room_open(offer=offer, member_id=host.pk, brought=Brought(), now=now())
    pay(host, seat)
    room.refresh_from_db()
    for _ in range(paid - 1):
        guest = make_member()
        pay(guest, seat_hold(room=room, member_id=guest.pk, brought=Brought(), now=now()))
    return room


def make_owed(count: int = 1) -> list[RefundOrder]:
    """So many refund orders of a room that was cancelled."""
    room = make_room(count, size=count + 1)
    room_cancel(room_id=room.pk, reason="recall")
    return list(refund_orders())


def refund_orders() -> Any:
    return RefundOrder.objects.select_related("line__order", "seat__room").order_by("pk")


def told(refund_order: RefundOrder, kind: str = "refund.") -> list[str]:
    """The kinds of what was told about a refund order, in order."""
    rows = Event.objects.filter(kind__startswith=kind, payload__refund_order=refund_order.public_id)
    return list(rows.order_by("pk").values_list("kind", flat=True))

"""Whatever is done with rooms, in any order and at any time, a simple model foresees how it ends."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from apps.checkout.services import order_report, refund_order_paid, refund_report
from apps.core import invariants
from apps.core.errors import EngineError
from apps.groupbuy import services
from apps.groupbuy.models import OfferItem, RefundOrder, Room, Seat
from apps.groupbuy.rules import AtDeadline, ItemTerms, Step, Terms
from apps.groupbuy.services import offer_create
from apps.invites.selectors import Brought
from apps.orders.models import Order
from apps.orders.rules import RefundAsk
from apps.orders.services import LineReport, OrderReport
from tests.makers import make_campaign, make_member, now

SIZE, HOLD, LASTS, ENOUGH, ROOMS = 3, 10, 60, 2, 3
PRICES, STOCK = {"tea": 4900, "gin": 900}, {"tea": 6, "gin": 3}
TEA_IN_A_FULL_ROOM = 4500
WHO, SKU, NUMBERS = st.integers(0, 4), st.sampled_from(["tea", "gin"]), st.integers(0, 20)
SWEEPERS = (services.holds_expire, services.rooms_turn, services.steps_settle)


@dataclass
class Bill:
    """An order: what was paid, paid back, and what the shop is asked to pay back."""

    paid: int
    back: int = 0
    asked: int | None = None

    def ask(self, amount: int) -> None:
        if amount and self.asked is None:
            self.asked = amount

    def refund(self, amount: int) -> None:
        self.back += amount
        if self.back == self.paid:
            self.asked = None


@dataclass
class Chair:
    who: int
    sku: str
    until: int
    status: str = "held"
    bill: str = ""


@dataclass
class Model:
    host: int
    status: str = "pending"
    deadline: int | None = None
    chairs: dict[str, Chair] = field(default_factory=dict)

    def of(self, *statuses: str) -> list[Chair]:
        return [chair for chair in self.chairs.values() if chair.status in statuses]

    @property
    def active(self) -> list[Chair]:
        return self.of("held", "paid")


class Rooms(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.began, self.minute = now(), 0
        self.set_clock()
        self.members = [make_member() for _ in range(5)]
        self.rooms: dict[str, Model] = {}
        self.bills: dict[str, Bill] = {}
        self.ended: dict[str, str] = {}

    @initialize(short=st.booleans())
    def offer_tea_and_gin(self, short: bool) -> None:
        self.short = short
        self.offer = offer_create(
            campaign_id=make_campaign(qualifying_act="room").pk,
            title="Tea or gin",
            room_size=SIZE,
            duration=dt.timedelta(minutes=LASTS),
            hold_ttl=dt.timedelta(minutes=HOLD),
            items=(
                ItemTerms("tea", "Tea", 5900, 4900, STOCK["tea"], (Step(3, TEA_IN_A_FULL_ROOM),)),
                ItemTerms("gin", "Gin", 1000, 900, STOCK["gin"]),
            ),
            terms=Terms(
                at_deadline=AtDeadline.COMPLETE_SHORT if short else AtDeadline.FAIL,
                minimum_seats=ENOUGH,
            ),
        )

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    # The clock stands still until somebody lets time pass.

    def set_clock(self) -> None:
        at = (self.began + dt.timedelta(minutes=self.minute)).isoformat()
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql STABLE "
                f"PARALLEL SAFE AS 'SELECT timestamptz ''{at}'''"
            )

    def sweep(self) -> None:
        while sum(sweeper() for sweeper in SWEEPERS):
            pass
        for name, room in self.rooms.items():
            self.turn(name, room)

    def turn(self, name: str, room: Model) -> None:
        if room.status not in ("pending", "open", "closing"):
            return
        for chair in room.of("held"):
            if chair.until <= self.minute:
                chair.status = "released"
        held = room.of("held")
        if room.status == "pending":
            if not held:
                self.undo(room, "cancelled")
            return
        assert room.deadline is not None
        if self.minute < room.deadline:
            return
        if held:
            room.status = "closing"
        elif self.short and len(room.of("paid")) >= ENOUGH:
            self.complete(room)
        else:
            self.undo(room, "failed")

    def undo(self, room: Model, status: str) -> None:
        room.status = status
        for chair in room.active:
            if chair.status == "paid":
                bill = self.bills[chair.bill]
                bill.ask(bill.paid - bill.back)
            chair.status = "released"

    def complete(self, room: Model) -> None:
        room.status = "completed"
        paid = room.of("paid")
        for chair in paid:
            if len(paid) == SIZE and chair.sku == "tea":
                bill = self.bills[chair.bill]
                bill.ask(min(PRICES["tea"] - TEA_IN_A_FULL_ROOM, bill.paid - bill.back))

    # What anybody may do

    def call(self, service: Any, **given: Any) -> Any:
        """What the service returned; None when it refused."""
        try:
            with transaction.atomic():
                return service(**given)
        except EngineError:
            return None

    def left(self, sku: str) -> int:
        taken = [chair for room in self.rooms.values() for chair in room.active]
        return STOCK[sku] - sum(chair.sku == sku for chair in taken)

    # In the order they came: ids are drawn anew in every run, and would make no two runs alike.

    def pick_room(self, number: int) -> tuple[str, Model]:
        return list(self.rooms.items())[number % len(self.rooms)]

    def pick_chair(self, number: int, status: str = "") -> tuple[str, Chair, Model]:
        chairs = [
            (name, chair, room)
            for room in self.rooms.values()
            for name, chair in room.chairs.items()
            if status in ("", chair.status)
        ]
        return chairs[number % len(chairs)]

    def free_in(self, room: Model, who: int, sku: str) -> bool:
        admits = room.status == "open" and self.minute < (room.deadline or 0)
        seated = any(chair.who == who for chair in room.active)
        return admits and not seated and len(room.active) < SIZE and self.left(sku) > 0

    def asked(self, who: int, sku: str) -> dict[str, Any]:
        member = self.members[who].pk
        return {"member_id": member, "brought": Brought(), "now": now(), "sku": sku}

    @precondition(lambda self: len(self.rooms) < ROOMS)
    @rule(who=WHO, sku=SKU)
    def open(self, who: int, sku: str) -> None:
        made = self.call(services.room_open, offer=self.offer, **self.asked(who, sku))
        assert (made is not None) == (self.left(sku) > 0)
        if made is not None:
            room, seat = made
            self.rooms[room.public_id] = Model(who)
            chair = Chair(who, sku, self.minute + HOLD)
            self.rooms[room.public_id].chairs[seat.public_id] = chair

    @precondition(lambda self: self.rooms)
    @rule(number=NUMBERS, who=WHO, sku=SKU)
    def hold(self, number: int, who: int, sku: str) -> None:
        self.hold_in(*self.pick_room(number), who, sku)

    def hold_in(self, name: str, room: Model, who: int, sku: str) -> None:
        row = Room.objects.get(public_id=name)
        seat = self.call(services.seat_hold, room=row, **self.asked(who, sku))
        assert (seat is not None) == self.free_in(room, who, sku)
        if seat is not None:
            room.chairs[seat.public_id] = Chair(who, sku, self.minute + HOLD)

    @precondition(lambda self: self.rooms)
    @rule(number=NUMBERS)
    def leave(self, number: int) -> None:
        name, chair, _ = self.pick_chair(number)
        member = self.members[chair.who].pk
        self.call(services.seat_leave, seat_id=name, member_id=member)
        chair.status = "released" if chair.status == "held" else chair.status
        self.sweep()

    @precondition(lambda self: self.rooms)
    @rule(number=NUMBERS, sku=SKU)
    def swap(self, number: int, sku: str) -> None:
        name, chair, _ = self.pick_chair(number)
        member = self.members[chair.who].pk
        seat = self.call(services.seat_swap, seat_id=name, member_id=member, sku=sku)
        may = chair.status == "held" and (chair.sku == sku or self.left(sku) > 0)
        assert (seat is not None) == may
        chair.sku = sku if may else chair.sku

    @precondition(lambda self: any(room.of("held") for room in self.rooms.values()))
    @rule(number=NUMBERS)
    def pay_a_hold(self, number: int) -> None:
        self.pay_for(*self.pick_chair(number, "held"))

    @precondition(lambda self: self.rooms)
    @rule(number=NUMBERS)
    def pay_again_or_late(self, number: int) -> None:
        self.pay_for(*self.pick_chair(number))

    @precondition(lambda self: any(room.status == "open" for room in self.rooms.values()))
    @rule(sku=SKU, guests=st.integers(1, 2))
    def guests_come(self, sku: str, guests: int) -> None:
        name, room = next(row for row in self.rooms.items() if row[1].status == "open")
        for who in range(5):
            before = set(room.chairs)
            if guests and room.status == "open":
                self.hold_in(name, room, who, sku)
            for chair in set(room.chairs) - before:
                guests -= 1
                self.pay_for(chair, room.chairs[chair], room)

    def pay_for(self, name: str, chair: Chair, room: Model) -> None:
        order, price = f"order-{len(self.bills)}", PRICES[chair.sku]
        bill = self.bills[order] = Bill(price)
        self.report(order, chair, name)
        if (
            chair.status == "released"
            and not chair.bill
            and self.free_in(room, chair.who, chair.sku)
        ):
            name = Seat.objects.get(line__order__order_id=order).public_id
            chair = room.chairs[name] = Chair(chair.who, chair.sku, self.minute + HOLD)
        if chair.status == "held":
            chair.status, chair.bill = "paid", order
            if room.status == "pending":
                room.status, room.deadline = "open", self.minute + LASTS
            if len(room.of("paid")) == SIZE:
                self.complete(room)
        else:
            bill.ask(price)
        self.sweep()

    def report(self, order: str, chair: Chair, seat: str) -> None:
        price = PRICES[chair.sku]
        report = OrderReport(
            order_id=order,
            member_id=self.members[chair.who].pk,
            currency="CNY",
            paid_minor=price,
            occurred_at=now(),
            lines=(LineReport("1", chair.sku, 1, price, seat=seat),),
        )
        order_report(report=report, brought=Brought(), now=now())

    @precondition(lambda self: self.bills)
    @rule(number=NUMBERS)
    def refund(self, number: int) -> None:
        order = f"order-{number % len(self.bills)}"
        bill = self.bills[order]
        refund_report(order_id=order, refund_id=f"r{bill.back}", ask=RefundAsk(), occurred_at=now())
        bill.refund(bill.paid - bill.back)
        self.free(order)
        self.sweep()

    def free(self, order: str) -> None:
        """The seat that an order paid is free, and in an open room somebody else hosts."""
        for room in self.rooms.values():
            for chair in room.of("paid"):
                if chair.bill != order:
                    continue
                chair.status = "released"
                if room.status in ("open", "closing") and room.host == chair.who:
                    heirs = room.of("paid")
                    if heirs:
                        room.host = min(heirs, key=lambda heir: int(heir.bill[6:])).who
                    else:
                        self.undo(room, "cancelled")

    @precondition(lambda self: any(bill.asked for bill in self.bills.values()))
    @rule(number=NUMBERS)
    def confirm(self, number: int) -> None:
        open_ = [name for name, bill in sorted(self.bills.items()) if bill.asked]
        order = open_[number % len(open_)]
        bill = self.bills[order]
        row = RefundOrder.objects.get(line__order__order_id=order)
        refund_order_paid(public_id=row.public_id, is_test=False, now=now())
        bill.refund(min(bill.asked or 0, bill.paid - bill.back))
        bill.asked = None
        self.sweep()

    @precondition(lambda self: self.rooms)
    @rule(number=NUMBERS)
    def cancel(self, number: int) -> None:
        name, room = self.pick_room(number)
        row = Room.objects.get(public_id=name)
        self.call(services.room_cancel, room_id=row.pk, reason="by_the_shop")
        if room.status in ("pending", "open", "closing"):
            self.undo(room, "cancelled")

    @rule(minutes=st.sampled_from([1, 9, 10, 45, 60]))
    def pass_time(self, minutes: int) -> None:
        self.minute += minutes
        self.set_clock()
        self.sweep()

    @invariant()
    def the_model_is_right(self) -> None:
        for room in Room.objects.filter(offer=self.offer).select_related("host"):
            model = self.rooms[room.public_id]
            host = self.members[model.host].pk
            assert (room.status, room.host_id) == (model.status, host)
        seats = Seat.objects.filter(room__offer=self.offer).select_related("item")
        seen = {seat.public_id: (seat.status, seat.item.sku) for seat in seats}
        chairs = [pair for room in self.rooms.values() for pair in room.chairs.items()]
        assert seen == {name: (chair.status, chair.sku) for name, chair in chairs}
        for item in OfferItem.objects.filter(offer=self.offer):
            assert item.stock - item.held - item.sold == self.left(item.sku)

    @invariant()
    def how_a_room_ended_is_final(self) -> None:
        for name, room in self.rooms.items():
            if room.status in ("completed", "failed", "cancelled"):
                assert self.ended.setdefault(name, room.status) == room.status

    @invariant()
    def the_money_adds_up(self) -> None:
        """What was paid for seats that are gone is paid back or asked back, to the last cent."""
        orders = Order.objects.filter(order_id__in=self.bills)
        assert dict(orders.values_list("order_id", "refunded_minor")) == {
            name: bill.back for name, bill in self.bills.items()
        }
        asked = RefundOrder.objects.filter(status="requested")
        assert dict(asked.values_list("line__order__order_id", "amount_minor")) == {
            name: bill.asked for name, bill in self.bills.items() if bill.asked
        }
        kept = {chair.bill for room in self.rooms.values() for chair in room.of("paid")}
        for name, bill in self.bills.items():
            if name not in kept:
                assert bill.paid - bill.back - (bill.asked or 0) == 0
        assert invariants.breaches() == []


@pytest.mark.django_db
def test_any_sequence_ends_as_the_model_says() -> None:
    Rooms.TestCase.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
    Rooms.TestCase("runTest").runTest()

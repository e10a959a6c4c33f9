"""Whatever is done with a population of coupons, in any order, a simple model foresees how it ends."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from apps.core import invariants
from apps.core.errors import EngineError
from apps.coupons import services
from apps.coupons.models import Coupon, Template
from tests.coupons.makers import make_member, make_template, now

CAP, LIMIT = 5, 3
ORDERS = st.sampled_from(["o-1", "o-2", "o-3"])
WHO = st.sampled_from([0, 1])
NUMBERS = st.integers(0, 7)


class Card:
    """What the model knows of a coupon."""

    def __init__(self, who: int, status: str) -> None:
        self.who, self.status = who, status
        self.order = ""
        self.over = False  # its own time
        self.late = False  # its reservation's time

    @property
    def counts(self) -> bool:
        return self.status != "withdrawn"

    def free_for(self, order: str) -> bool:
        if self.status == "reserved" and self.order == order:
            return True
        free = self.status == "issued" or (self.status == "reserved" and self.late)
        return free and not self.over

    def back(self) -> None:
        self.status, self.order, self.late = "expired" if self.over else "issued", "", False


class Population(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.template: Template = make_template(issue_cap=CAP, member_limit=LIMIT)
        self.members = [make_member(), make_member()]
        self.cards: dict[str, Card] = {}
        self.made = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def call(self, service: Callable[..., Any], **given: Any) -> Any:
        """What the service returned; None when it refused."""
        try:
            with transaction.atomic():
                return service(**given, now=now())
        except EngineError:
            return None

    def pick(self, number: int) -> tuple[str, Card] | None:
        keys = sorted(self.cards)
        return (keys[number % len(keys)], self.cards[keys[number % len(keys)]]) if keys else None

    def room_for(self, who: int) -> bool:
        counted = [card for card in self.cards.values() if card.counts]
        return len(counted) < CAP and sum(card.who == who for card in counted) < LIMIT

    @rule(who=WHO, at_once=st.booleans())
    def make(self, who: int, at_once: bool) -> None:
        self.made += 1
        key = f"g{self.made:03}"
        made = self.call(
            services.coupon_issue if at_once else services.coupon_promise,
            template=self.template.public_id,
            member_id=self.members[who].pk,
            key=key,
            reference="",
        )
        assert (made is not None) == self.room_for(who)
        if made is not None:
            self.cards[key] = Card(who, "issued" if at_once else "pending")

    @precondition(lambda self: self.cards)
    @rule(number=NUMBERS)
    def activate(self, number: int) -> None:
        key, card = self.pick(number)
        done = self.call(services.coupon_activate, key=key)
        assert (done is None) == (card.status in ("withdrawn", "revoked"))
        card.status = "issued" if card.status == "pending" else card.status

    @precondition(lambda self: self.cards)
    @rule(number=NUMBERS)
    def withdraw(self, number: int) -> None:
        key, card = self.pick(number)
        gone = self.call(services.coupon_withdraw, key=key)
        assert gone == (card.status not in ("redeemed", "expired"))
        if gone and card.status != "revoked":
            card.status, card.order = "withdrawn", ""

    @precondition(lambda self: self.cards)
    @rule(number=NUMBERS)
    def revoke(self, number: int) -> None:
        key, card = self.pick(number)
        row = Coupon.objects.get(key=key)
        done = self.call(services.coupon_revoke, coupon_id=row.pk)
        assert (done is None) == (card.status in ("redeemed", "expired"))
        if card.status in ("pending", "issued", "reserved"):
            card.status, card.order = "revoked", ""

    @precondition(lambda self: self.cards)
    @rule(number=NUMBERS, who=WHO, order=ORDERS, at_once=st.booleans())
    def use(self, number: int, who: int, order: str, at_once: bool) -> None:
        key, card = self.pick(number)
        done = self.call(
            services.coupon_redeem if at_once else services.coupon_reserve,
            code=Coupon.objects.get(key=key).code,
            member_id=self.members[who].pk,
            order_id=order,
            is_test=False,
        )
        repeat = card.order == order and card.status in ("reserved", "redeemed")[at_once:]
        allowed = card.who == who and (repeat or card.free_for(order))
        assert (done is not None) == allowed
        if allowed and not repeat:
            card.status, card.order = ("redeemed" if at_once else "reserved"), order
            card.late = False

    @precondition(lambda self: self.cards)
    @rule(number=NUMBERS, order=ORDERS)
    def release(self, number: int, order: str) -> None:
        key, card = self.pick(number)
        code = Coupon.objects.get(key=key).code
        done = self.call(services.coupon_release, code=code, order_id=order, is_test=False)
        others = card.status == "reserved" and card.order != order
        assert (done is None) == (others or card.status == "redeemed")
        if card.status == "reserved" and not others:
            card.back()

    @rule(order=ORDERS, who=WHO)
    def pay(self, order: str, who: int) -> None:
        captured = self.call(
            services.coupons_capture_order,
            order_id=order,
            member_id=self.members[who].pk,
            is_test=False,
        )
        hers = [card for card in self.of(order, "reserved") if card.who == who]
        assert len(captured) == len(hers)
        for card in hers:
            card.status, card.late = "redeemed", False

    @rule(order=ORDERS)
    def cancel(self, order: str) -> None:
        rows = self.of(order, "reserved")
        done = self.call(services.coupons_release_order, order_id=order, is_test=False)
        assert done == len(rows)
        for card in rows:
            card.back()

    @rule(order=ORDERS)
    def refund(self, order: str) -> None:
        rows = self.of(order, "redeemed")
        done = self.call(services.coupons_return_order, order_id=order, is_test=False)
        assert done == len(rows)
        for card in rows:
            card.back()

    def of(self, order: str, status: str) -> list[Card]:
        return [c for c in self.cards.values() if (c.order, c.status) == (order, status)]

    @precondition(lambda self: self.cards)
    @rule(number=NUMBERS)
    def run_out(self, number: int) -> None:
        key, card = self.pick(number)
        if card.status != "pending":
            card.over = True
            past = now() - dt.timedelta(seconds=1)
            Coupon.objects.filter(key=key).update(expires_at=past)

    @precondition(lambda self: self.cards)
    @rule(number=NUMBERS)
    def let_the_reservation_end(self, number: int) -> None:
        key, card = self.pick(number)
        if card.status == "reserved":
            card.late = True
            past = now() - dt.timedelta(seconds=1)
            Coupon.objects.filter(key=key).update(reserved_until=past)

    @rule()
    def sweep(self) -> None:
        over = [c for c in self.cards.values() if c.status == "issued" and c.over]
        assert services.coupons_expire() == len(over)
        for card in over:
            card.status = "expired"
        late = [c for c in self.cards.values() if c.status == "reserved" and c.late]
        assert services.reservations_expire() == len(late)
        for card in late:
            card.back()

    @invariant()
    def the_model_is_right(self) -> None:
        rows = {row.key: row for row in Coupon.objects.filter(template=self.template)}
        told = {key: (card.status, card.order) for key, card in self.cards.items()}
        seen = {
            key: ("withdrawn" if not row.counted else row.status, row.order_id)
            for key, row in rows.items()
        }
        assert seen == told
        self.template.refresh_from_db()
        assert self.template.issued == sum(card.counts for card in self.cards.values()) <= CAP
        assert invariants.breaches() == []


@pytest.mark.django_db
def test_any_sequence_ends_as_the_model_says() -> None:
    Population.TestCase.settings = settings(max_examples=25, stateful_step_count=25)
    Population.TestCase("runTest").runTest()

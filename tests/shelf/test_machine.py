"""Any sequence of what can happen at the shelf, against a model of a few sums."""

import hypothesis
import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from apps.core.errors import Conflict
from apps.coupons.models import Coupon
from apps.coupons.services import coupon_redeem
from apps.obligations.services import fulfilment_confirm
from apps.points.services import NotEnoughPoints
from apps.shelf import services
from apps.shelf.models import Exchange
from tests.shelf.makers import (
    NOW,
    broken_promises,
    cancel,
    earn,
    exchange,
    make_coupon,
    make_gift,
    make_member,
    points_of,
)

pytestmark = pytest.mark.django_db

STOCK, LIMIT, PRICE = 3, 2, 100


class Shelf(RuleBasedStateMachine):
    """Two members, one gift and one coupon, three of each, two for each member."""

    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self._undone = transaction.atomic()
        self._undone.__enter__()

    @initialize(points=st.integers(0, 600))
    def open(self, points: int) -> None:
        self.members = [make_member(), make_member()]
        self.items = [make(stock=STOCK, per_member=LIMIT) for make in (make_gift, make_coupon)]
        self.points = [0, 0]
        self.has = {(member, item): 0 for member in (0, 1) for item in (0, 1)}
        if points:
            self.earns(0, points)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._undone.__exit__(None, None, None)

    @rule(who=st.integers(0, 1), points=st.integers(1, 300))
    def earns(self, who: int, points: int) -> None:
        earn(self.members[who], points)
        self.points[who] += points

    @rule(target=made, who=st.integers(0, 1), what=st.integers(0, 1))
    def takes(self, who: int, what: int):
        expected: type[Conflict] | None = None
        if self.points[who] < PRICE:
            expected = NotEnoughPoints
        if self.has[0, what] + self.has[1, what] == STOCK:
            expected = services.ItemSoldOut
        if self.has[who, what] == LIMIT:
            expected = services.ExchangeLimitReached
        if expected is not None:
            with pytest.raises(expected), transaction.atomic():
                exchange(self.items[what], self.members[who])
            return multiple()
        done = exchange(self.items[what], self.members[who])
        self.points[who] -= PRICE
        self.has[who, what] += 1
        return done, who, what

    @rule(which=made, twice=st.booleans())
    def is_cancelled(self, which: tuple[Exchange, int, int], twice: bool) -> None:
        done, who, what = which
        before = Exchange.objects.get(pk=done.pk).status
        for _ in range(1 + twice):
            cancel(done)
        if before == "done":
            self.points[who] += PRICE
            self.has[who, what] -= 1

    @rule(which=consumes(made))
    def is_used(self, which: tuple[Exchange, int, int]) -> None:
        """The gift is handed over or the coupon redeemed; then nothing can be undone."""
        done, who, what = which
        if Exchange.objects.get(pk=done.pk).status == "cancelled":
            return
        if what == 0:
            fulfilment_confirm(public_id=done.fulfilment, is_test=False, note="", now=NOW)
        else:
            coupon_redeem(
                code=Coupon.objects.get(public_id=done.coupon).code,
                member_id=self.members[who].pk,
                order_id=done.public_id,
                is_test=False,
                now=NOW,
            )
        with pytest.raises(services.ExchangeUsed), transaction.atomic():
            cancel(done)

    @invariant()
    def it_adds_up(self) -> None:
        for who, member in enumerate(self.members):
            assert points_of(member) == self.points[who]
        for what, item in enumerate(self.items):
            item.refresh_from_db()
            assert item.sold == self.has[0, what] + self.has[1, what]
        assert broken_promises() == []


def test_no_sequence_gives_away_more_than_was_paid_for() -> None:
    run_state_machine_as_test(
        Shelf,
        settings=hypothesis.settings(
            hypothesis.settings.get_profile("engine"), max_examples=20, stateful_step_count=20
        ),
    )

"""Any sequence of what can happen to points, against a model small enough to believe.

The model is a dictionary of lots and a few numbers; the ledger must agree with it after each step.
"""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.points import services
from apps.points.models import Lot, Programme
from apps.points.selectors import Wallet, wallet
from apps.points.services.expiring import member_points_expire
from tests.points.makers import (
    NOW,
    broken_promises,
    capture_order,
    claw_back,
    make_member,
    pend,
    reserve,
    return_order,
    spend,
)

points = st.integers(1, 60)
# How many days from now a lot ends; 0: never.
ends = st.sampled_from((0, 1, 2, 3))


@dataclass
class ModelLot:
    """`end` is the day on which it ends; days pass in the model, and in the lots' rows."""

    left: int
    end: int | None


@dataclass
class Spent:
    """What one reservation or spending took, out of which lot."""

    took: dict[int, int]
    order: str = ""
    captured: bool = False
    paid: int = 0
    refunded: int = 0
    public_id: str = ""

    @property
    def missing(self) -> int:
        return sum(self.took.values())


@dataclass
class Model:
    pending: int = 0
    debt: int = 0
    lots: list[ModelLot] = field(default_factory=list)
    open: list[Spent] = field(default_factory=list)
    captured: list[Spent] = field(default_factory=list)
    spent: dict[str, Spent] = field(default_factory=dict)

    @property
    def available(self) -> int:
        return sum(lot.left for lot in self.lots)

    def earn(self, amount: int, end: int | None) -> None:
        repaid = min(amount, self.debt)
        self.debt -= repaid
        if amount > repaid:
            self.lots.append(ModelLot(amount - repaid, end))

    def take(self, amount: int) -> dict[int, int]:
        turn = sorted(
            range(len(self.lots)),
            key=lambda at: (self.lots[at].end is None, self.lots[at].end or 0, at),
        )
        took = {}
        for at in turn:
            part = min(self.lots[at].left, amount)
            if part:
                self.lots[at].left -= part
                amount -= part
                took[at] = part
        return took

    def give(self, spent: Spent, amount: int) -> None:
        turn = sorted(
            spent.took,
            key=lambda at: (self.lots[at].end is None, self.lots[at].end or 0, at),
            reverse=True,
        )
        for at in turn:
            part = min(spent.took[at], amount)
            self.lots[at].left += part
            spent.took[at] -= part
            amount -= part


class Points(RuleBasedStateMachine):
    """ann's points. A day passes by moving all ends of lots a day nearer."""

    @initialize()
    def begin(self) -> None:
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.ann = make_member()
        Programme.objects.get_or_create(is_test=False, defaults={"adjustment_limit": 50})
        self.olga = User.objects.create_user(f"olga-{self.ann.pk}")
        self.otto = User.objects.create_user(f"otto-{self.ann.pk}")
        self.model, self.today, self.calls = Model(), 0, 0
        self.began = timezone.now() + dt.timedelta(hours=1)

    def teardown(self) -> None:
        if hasattr(self, "outer"):
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def key(self) -> str:
        self.calls += 1
        return f"call:{self.ann.pk}:{self.calls}"

    def asked(self, amount: int) -> dict[str, Any]:
        return {
            "member_id": self.ann.pk,
            "amount": amount,
            "key": self.key(),
            "reference": "",
            "now": NOW,
        }

    def end_of(self, day: int | None) -> dt.datetime | None:
        """When a lot that ends on this day ends, seen from today."""
        return None if day is None else self.began + dt.timedelta(days=day - self.today)

    @rule(amount=points)
    def earns(self, amount: int) -> None:
        pend(self.ann, amount, key=self.key())
        self.model.pending += amount

    @precondition(lambda self: self.model.pending)
    @rule(amount=points, days=ends)
    def settles(self, amount: int, days: int) -> None:
        amount = min(amount, self.model.pending)
        end = self.today + days if days else None
        expires_at = self.end_of(end)
        call = self.asked(amount) | {"expires_at": expires_at}
        first = services.points_settle(**call)
        assert services.points_settle(**call) == first
        self.model.pending -= amount
        self.model.earn(amount, end)

    @precondition(lambda self: self.model.pending)
    @rule(amount=points)
    def voids(self, amount: int) -> None:
        amount = min(amount, self.model.pending)
        services.points_void(**self.asked(amount))
        self.model.pending -= amount

    @rule(amount=points)
    def is_clawed_back(self, amount: int) -> None:
        key = self.key()
        taken = sum(self.model.take(amount).values())
        self.model.debt += amount - taken
        owed = amount - taken
        assert claw_back(self.ann, amount, key=key) == services.ClawedBack(taken, owed)
        assert claw_back(self.ann, amount, key=key) == services.ClawedBack(taken, owed)

    @rule(amount=points, order=st.sampled_from(("o1", "o2")))
    def reserves(self, amount: int, order: str) -> None:
        name = f"{order}:{self.ann.pk}"
        if amount > self.model.available:
            with pytest.raises(services.NotEnoughPoints), transaction.atomic():
                reserve(self.ann, amount, order_id=name)
            return
        row = reserve(self.ann, amount, order_id=name)
        took = self.model.take(amount)
        self.model.open.append(Spent(took, order=name, public_id=row.public_id))

    @precondition(lambda self: self.model.open)
    @rule(data=st.data())
    def releases(self, data: st.DataObject) -> None:
        spent = data.draw(st.sampled_from(self.model.open))
        for _ in "twice":
            services.reservation_release(public_id=spent.public_id, is_test=False, now=NOW)
        with pytest.raises(services.ReservationReleased), transaction.atomic():
            services.reservation_capture(public_id=spent.public_id, is_test=False, now=NOW)
        self.model.give(spent, spent.missing)
        self.model.open.remove(spent)
        self.expire()

    @precondition(lambda self: self.model.open)
    @rule(data=st.data(), paid=st.integers(0, 30))
    def pays(self, data: st.DataObject, paid: int) -> None:
        order = data.draw(st.sampled_from(self.model.open)).order
        bought = [spent for spent in self.model.open if spent.order == order]
        captured = capture_order(self.ann, order)
        assert captured == sum(spent.missing for spent in bought)
        self.model.open = [spent for spent in self.model.open if spent.order != order]
        self.model.captured += [replace(spent, paid=paid, captured=True) for spent in bought]
        # What was captured later of the same order was paid by the same payment.
        for spent in self.model.captured:
            if spent.order == order:
                spent.paid = max(spent.paid, paid, spent.refunded)

    @precondition(lambda self: self.model.captured)
    @rule(data=st.data(), part=st.integers(0, 30))
    def refunds(self, data: st.DataObject, part: int) -> None:
        order = data.draw(st.sampled_from(self.model.captured)).order
        rows = [spent for spent in self.model.captured if spent.order == order]
        paid = max(spent.paid for spent in rows)
        refunded = min(max(spent.refunded for spent in rows) + part, paid)
        given = return_order(order, refunded=refunded, paid=paid)
        assert return_order(order, refunded=refunded, paid=paid) == 0
        for spent in rows:
            spent.refunded = refunded
            part_of = min(given, spent.missing)
            self.model.give(spent, part_of)
            given -= part_of
        assert given == 0
        if refunded == paid:
            assert all(spent.missing == 0 for spent in rows)
        self.expire()

    @rule(amount=points)
    def spends(self, amount: int) -> None:
        key = self.key()
        if amount > self.model.available:
            with pytest.raises(services.NotEnoughPoints), transaction.atomic():
                spend(self.ann, amount, key=key)
            return
        assert spend(self.ann, amount, key=key) == spend(self.ann, amount, key=key)
        self.model.spent[key] = Spent(self.model.take(amount))

    @precondition(lambda self: self.model.spent)
    @rule(data=st.data())
    def takes_back_a_spending(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.model.spent)))
        spent = self.model.spent.pop(key)
        assert services.points_unspend(key=key, now=NOW) == spent.missing
        assert services.points_unspend(key=key, now=NOW) == 0
        self.model.give(spent, spent.missing)
        self.expire()

    @rule(amount=st.integers(-60, 60).filter(bool), approve=st.booleans())
    def is_adjusted(self, amount: int, approve: bool) -> None:
        row = services.points_adjust_propose
        asked = {
            "member_id": self.ann.pk,
            "amount": amount,
            "reason": "goodwill",
            "proposed_by": self.olga.pk,
            "now": NOW,
        }
        enough = self.model.available + amount >= 0
        try:
            with transaction.atomic():
                proposed = row(**asked)
                if not proposed.within_limit:
                    services.points_adjust_decide(
                        adjustment_id=proposed.pk,
                        approve=approve,
                        decided_by=self.otto.pk,
                        now=NOW,
                    )
        except services.NotEnoughPoints:
            assert not enough
            return
        if proposed.within_limit or approve:
            if amount > 0:
                self.model.earn(amount, None)
            else:
                self.model.take(-amount)

    @rule(amount=points, days=ends)
    def is_imported(self, amount: int, days: int) -> None:
        end = self.today + days if days else None
        key = self.key()
        call = {"member_id": self.ann.pk, "amount": amount, "key": key, "now": NOW}
        assert services.points_import(**call, expires_at=self.end_of(end)) is not None
        assert services.points_import(**call, expires_at=self.end_of(end)) is None
        self.model.earn(amount, end)

    @rule()
    def a_day_passes(self) -> None:
        self.today += 1
        rows = Lot.objects.filter(account__member=self.ann, expires_at__isnull=False)
        for lot in rows:
            lot.expires_at -= dt.timedelta(days=1)
        Lot.objects.bulk_update(rows, ["expires_at"])
        member_points_expire(self.ann.pk)
        self.expire()

    def expire(self) -> None:
        for lot in self.model.lots:
            if lot.end is not None and lot.end < self.today:
                lot.left = 0

    @invariant()
    def ledger_and_model_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        model = self.model
        assert wallet(self.ann.pk) == Wallet(
            available=model.available,
            pending=model.pending,
            debt=-model.debt,
            reserved=sum(spent.missing for spent in model.open),
        )
        rows = Lot.objects.filter(account__member=self.ann).order_by("pk")
        found = [(lot.remaining, lot.expires_at) for lot in rows]
        assert found == [(lot.left, self.end_of(lot.end)) for lot in model.lots]
        assert broken_promises() == []


Points.TestCase.settings = settings(
    max_examples=20, stateful_step_count=25, suppress_health_check=list(HealthCheck)
)


@pytest.mark.django_db
class TestPoints(Points.TestCase):
    """Run by pytest, each example in a transaction of its own that is rolled back."""

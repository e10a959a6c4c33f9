"""Any sequence of what can happen to money owed, against a model of a few sums."""

from collections import Counter

import hypothesis
import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from apps.obligations import services
from apps.obligations.models import Payable, Payout
from apps.obligations.selectors import balances
from tests.obligations.makers import LATER, NOW, broken_promises, make_member, promise

pytestmark = pytest.mark.django_db

CURRENCIES = ("CNY", "EUR")


class Owed(RuleBasedStateMachine):
    """One member. What is owed = settled − taken back − paid; no statement is ever negative."""

    keys = Bundle("keys")
    causes = Bundle("causes")

    def __init__(self) -> None:
        super().__init__()
        self._undone = transaction.atomic()
        self._undone.__enter__()
        self.ann = make_member()
        self.left: dict[str, int] = {}
        self.currency: dict[str, str] = {}
        self.settled: set[str] = set()
        self.done: dict[tuple[str, str], services.TakenBack] = {}
        self.paid: Counter[str] = Counter()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._undone.__exit__(None, None, None)

    @rule(target=keys, amount=st.integers(1, 50), currency=st.sampled_from(CURRENCIES))
    def is_promised(self, amount: int, currency: str) -> str:
        key = f"g{len(self.left)}"
        promise(self.ann, amount, key=key, currency=currency)
        self.left[key], self.currency[key] = amount, currency
        return key

    @rule(key=keys)
    def settles(self, key: str) -> None:
        void = self.left[key] == 0 and Payable.objects.get(key=key).status == "void"
        try:
            with transaction.atomic():
                services.payable_settle(key=key, now=NOW)
            assert not void
            self.settled.add(key)
        except services.PayableVoid:
            assert void

    @rule(target=causes, key=keys, amount=st.integers(1, 60))
    def is_taken_back(self, key: str, amount: int):
        cause = f"r{len(self.done)}"
        try:
            with transaction.atomic():
                taken = services.payable_take_back(
                    key=key, amount_minor=amount, cause=cause, now=NOW
                )
        except services.TakeBackTooMuch:
            assert amount > self.left[key]
            return multiple()
        assert taken.taken_minor + taken.owed_minor == amount <= self.left[key]
        self.left[key] -= amount
        self.done[key, cause] = taken
        return key, cause

    @rule(which=causes)
    def is_taken_back_again(self, which: tuple[str, str]) -> None:
        before = self.done[which]
        amount = before.taken_minor + before.owed_minor
        again = services.payable_take_back(
            key=which[0], amount_minor=amount, cause=which[1], now=NOW
        )
        assert again == before

    @rule(minimum=st.integers(1, 80))
    def closes(self, minimum: int) -> None:
        ready = {row.currency: row for row in balances(self.ann.pk)}
        made = services.member_payouts_close(
            member_id=self.ann.pk, until=LATER, minimum_minor=minimum
        )
        for payout in made:
            row = ready[payout.currency]
            assert payout.total_minor == row.due_minor - row.owed_minor >= minimum
            assert row.requested_minor == 0

    @rule(currency=st.sampled_from(CURRENCIES), pays=st.booleans(), twice=st.booleans())
    def resolves(self, currency: str, pays: bool, twice: bool) -> None:
        payout = Payout.objects.requested().filter(currency=currency).first()
        if payout is None:
            return
        call = services.payout_confirm if pays else services.payout_fail
        for _ in range(1 + twice):
            call(public_id=payout.public_id, is_test=False, note="", now=NOW)
        self.paid[currency] += payout.total_minor if pays else 0

    @invariant()
    def money_owed_adds_up(self) -> None:
        for row in balances(self.ann.pk):
            mine = [key for key in self.left if self.currency[key] == row.currency]
            settled = sum(self.left[key] for key in mine if key in self.settled)
            waiting = sum(self.left[key] for key in mine if key not in self.settled)
            stands = row.due_minor + row.requested_minor - row.owed_minor
            assert stands == settled - self.paid[row.currency]
            assert row.pending_minor == waiting
            assert row.paid_minor == self.paid[row.currency]
        assert broken_promises() == []


def test_no_sequence_pays_twice_or_forgets() -> None:
    run_state_machine_as_test(
        Owed,
        settings=hypothesis.settings(
            hypothesis.settings.get_profile("engine"), max_examples=40, stateful_step_count=25
        ),
    )

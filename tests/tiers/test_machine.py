"""Whatever comes, leaves and is taken back while days pass, a simple model foresees who stands where."""

import datetime as dt

import pytest
from django.db import connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from apps.tiers import services
from tests.tiers.makers import (
    DAY,
    NOW,
    STEPS,
    broken_promises,
    grow,
    make_ladder,
    make_member,
    stands,
    take_back,
    told,
)

PERIOD = 20
CODES = ["", *STEPS]
WHO = st.sampled_from([0, 1])


class Shadow:
    """A member as the model sees them: whole days, no running sums, nothing late."""

    def __init__(self, grace: int, straight: bool) -> None:
        self.grace, self.straight = grace, straight
        self.entries: dict[str, list[int]] = {}  # key → [left, the day it leaves]
        self.rank, self.ends, self.grace_ends = 0, 0, 0
        self.reached: list[tuple[str, bool]] = []

    def growth(self, day: int) -> int:
        return sum(left for left, leaves in self.entries.values() if leaves > day)

    def earned(self, day: int) -> int:
        return sum(self.growth(day) >= threshold for threshold in STEPS.values())

    def land(self, rank: int, day: int) -> None:
        self.rank, self.ends, self.grace_ends = rank, day + PERIOD if rank else 0, 0

    def look(self, day: int) -> None:
        """What a day's beginning does."""
        if not self.rank or day < (self.grace_ends or self.ends):
            return
        earned = self.earned(day)
        if earned >= self.rank:
            self.land(self.rank, day)
        elif self.grace and not self.grace_ends:
            self.grace_ends = day + self.grace
        else:
            self.land(earned if self.straight else self.rank - 1, day)

    def add(self, key: str, amount: int, day: int) -> None:
        self.entries[key] = [amount, day + PERIOD]
        earned = self.earned(day)
        if earned > self.rank:
            for rank in range(self.rank + 1, earned + 1):
                been = CODES[rank] in [code for code, _ in self.reached]
                self.reached.append((CODES[rank], not been))
            self.land(earned, day)
        elif self.grace_ends and earned == self.rank:
            self.land(self.rank, day)

    def take_back(self, key: str, amount: int) -> int:
        taken = min(amount, self.entries[key][0])
        self.entries[key][0] -= taken
        return taken


class Ladder(RuleBasedStateMachine):
    grace, straight = 0, False

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        make_ladder(
            period_days=PERIOD,
            grace_days=self.grace,
            fall="straight" if self.straight else "one_step",
        )
        self.day, self.keys = 0, 0
        self.members = [make_member(), make_member()]
        self.shadows = [Shadow(self.grace, self.straight) for _ in self.members]
        self.calls: list[tuple[int, int, str, dt.datetime]] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @property
    def now(self) -> dt.datetime:
        return NOW + self.day * DAY

    @rule(who=WHO, amount=st.sampled_from([30, 100, 450, 2000]))
    def add(self, who: int, amount: int) -> None:
        self.keys += 1
        key = f"act-{self.keys}"
        self.calls.append((who, amount, key, self.now))
        grow(self.members[who], amount, key=key, at=self.now)
        self.shadows[who].add(key, amount, self.day)

    @rule(number=st.integers(0, 50))
    def add_again(self, number: int) -> None:
        if self.calls:
            who, amount, key, _ = self.calls[number % len(self.calls)]
            grow(self.members[who], amount, key=key, at=self.now)

    @rule(number=st.integers(0, 50), amount=st.sampled_from([10, 100, 9000]))
    def refund(self, number: int, amount: int) -> None:
        if self.calls:
            self.keys += 1
            who, _, key, _ = self.calls[number % len(self.calls)]
            refund = f"refund-{self.keys}"
            taken = self.shadows[who].take_back(key, amount)
            for _ in range(2):
                got = take_back(self.members[who], amount, of=key, key=refund, at=self.now)
                assert got == taken

    @rule(days=st.integers(1, 30), sweeps=st.booleans())
    def days_pass(self, days: int, sweeps: bool) -> None:
        for _ in range(days):
            self.day += 1
            for shadow in self.shadows:
                shadow.look(self.day)
        if sweeps:
            self.sweep()

    @rule()
    def sweep(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql STABLE "
                f"AS 'SELECT timestamptz ''{self.now.isoformat()}'''"
            )
        services.memberships_sweep()
        for member, shadow in zip(self.members, self.shadows, strict=True):
            if shadow.entries:
                assert stands(member) == (CODES[shadow.rank], shadow.growth(self.day))

    @invariant()
    def arrivals_are_as_foreseen(self) -> None:
        for member, shadow in zip(self.members, self.shadows, strict=True):
            # A tier reached again on the day its period began is no new arrival: periods are longer.
            assert told(member) == shadow.reached

    @invariant()
    def promises_hold(self) -> None:
        assert broken_promises() == []


@pytest.mark.django_db
@pytest.mark.parametrize("straight", [False, True], ids=["one step", "straight"])
@pytest.mark.parametrize("grace", [0, 5], ids=["at once", "with grace"])
def test_the_ladder_is_as_the_model_foresees(grace: int, straight: bool) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("Drawn", (Ladder,), {"grace": grace, "straight": straight})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )

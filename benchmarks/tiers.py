"""The sweeper of tiers over very many members whose period ends on the same day."""

import datetime as dt
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from apps.tiers.models import Ladder, Tier
from benchmarks import pgbench, workers
from benchmarks.arena import Arena
from benchmarks.database import Database
from benchmarks.errors import BenchmarkError, RanOut
from benchmarks.memory import Peak
from benchmarks.rounds import Case, Sample
from benchmarks.workers import Workers

CHUNK = 100_000

FILL = pgbench.text("tiers_fill")
MAKE_DUE = pgbench.text("tiers_due")
ADVANCE = pgbench.text("tiers")
MOVED_ON = """
    SELECT count(*) FROM tiers_membership membership
    WHERE growth = 150 AND due_at > now() AND tier_id IS NOT NULL AND EXISTS (
      SELECT FROM tiers_tierchange change
      WHERE change.member_id = membership.member_id AND change.kind = 'kept')
"""
DUE = "SELECT count(*) FROM tiers_membership WHERE due_at <= now()"


def make_case(arena: Arena) -> Case:
    """Members of a tier who lose some growth, keep enough, and begin another period."""
    crowd = Crowd(arena.database)
    sweeping = workers.start(arena.stack, "memberships", 1)
    return Case(
        name="tiers",
        title="memberships moved on by the sweeper, in one process: growth leaves, the tier is kept "
        "for another period",
        table="tiers_tierchange",
        engine=SweptMemberships(crowd, sweeping),
        ceiling=UpdatedMemberships(crowd),
        processes=sweeping.pids,
    )


class Crowd:
    """Members with a tier, at least so many; they can all be made due again."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._members = 0
        ladder = Ladder.objects.create()
        tier = Tier.objects.create(
            ladder=ladder, code="silver", name="Silver", rank=1, threshold=100
        )
        now = timezone.now()
        self._given = {
            "tier_id": tier.pk,
            "since": now - dt.timedelta(days=365),
            "counted_to": now - dt.timedelta(days=30),
            "leaves_at": now - dt.timedelta(hours=1),
            "ends_at": now - dt.timedelta(minutes=30),
        }

    def make_due(self, least: int, on_made: Callable[[int], None] = lambda _made: None) -> None:
        """Put all back to the day their period ended, and make up what is missing of `least`."""
        while self._members < least:
            more = min(CHUNK, least - self._members)
            self.database.run(FILL, self._given | {"members": more, "made": self._members})
            self._members += more
            on_made(more)
        self.database.run(MAKE_DUE, self._given)
        self.database.run("VACUUM (ANALYZE)")

    def all_done(self) -> bool:
        return not self.database.one(DUE)

    def moved_on(self) -> int:
        """How many have lost what left, kept their tier, and have that in their history."""
        return int(self.database.one(MOVED_ON))


class SweptMemberships:
    """`memberships_sweep`, which a worker runs every second, over and over."""

    guess = 2_000
    least_seconds = 0.0

    def __init__(self, crowd: Crowd, sweeping: Workers) -> None:
        self._crowd = crowd
        self._sweeping = sweeping

    def prepare(self, acts: int) -> None:
        self._crowd.make_due(acts)

    def run(self, seconds: float) -> Sample:
        sample = self._sweeping.run(seconds)
        if self._crowd.all_done() and sample.seconds < seconds / 2:
            raise RanOut
        return sample


class UpdatedMemberships:
    """One statement for as many members as were asked for."""

    guess = 20_000
    least_seconds = 0.0

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._acts = 0

    def prepare(self, acts: int) -> None:
        self._crowd.make_due(acts)
        self._acts = acts

    def run(self, seconds: float) -> Sample:
        began = time.monotonic()
        done = self._crowd.database.one(ADVANCE, {"acts": self._acts})
        return Sample(done, time.monotonic() - began)


LOOK_SECONDS = 5.0


@dataclass(frozen=True)
class Swept:
    """All members swept in one go by one process, and one statement for as many."""

    members: int
    seconds: float
    mebibytes: float
    statement_seconds: float

    def told(self) -> dict[str, Any]:
        return {
            "members": self.members,
            "seconds": round(self.seconds, 1),
            "peak_mebibytes": round(self.mebibytes, 1),
            "one_statement_seconds": round(self.statement_seconds, 1),
            "ratio": round(self.statement_seconds / self.seconds, 3),
        }


def sweep(database: Database, members: int, on_step: Callable[[int], None]) -> Swept:
    """Sweep so many members to the last one. Raises BenchmarkError where one is not moved on."""
    crowd = Crowd(database)
    crowd.make_due(members, on_step)
    with ExitStack() as stack:
        sweeping = workers.start(stack, "memberships", 1)
        peak, seconds = Peak(sweeping.pids), 0.0
        while not crowd.all_done():
            with peak:
                sample = sweeping.run(LOOK_SECONDS)
            seconds += sample.seconds
            on_step(sample.acts)
    if (moved := crowd.moved_on()) != members:
        raise BenchmarkError(f"{moved:,} of {members:,} members were moved on")
    one = UpdatedMemberships(crowd)
    one.prepare(members)
    at_once = one.run(0)
    return Swept(members, seconds, peak.mebibytes, at_once.seconds)

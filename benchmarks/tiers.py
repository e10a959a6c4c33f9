"""The sweeper of tiers over very many members whose period ends on the same day."""

import datetime as dt
import time

from django.utils import timezone

from apps.tiers.models import Ladder, Tier
from benchmarks import pgbench, workers
from benchmarks.arena import Arena
from benchmarks.database import Database
from benchmarks.errors import RanOut
from benchmarks.rounds import Case, Sample
from benchmarks.workers import Workers

CHUNK = 100_000

FILL = pgbench.text("tiers_fill")
MAKE_DUE = pgbench.text("tiers_due")
ADVANCE = pgbench.text("tiers")
DUE = "SELECT count(*) FROM tiers_membership WHERE due_at <= now()"


def make_case(arena: Arena) -> Case:
    """Members of a tier who lose some growth, keep enough, and begin another period."""
    crowd = Crowd(arena.database, arena.members)
    sweeping = workers.start(arena.stack, "memberships", 1)
    return Case(
        name="tiers-million",
        title=f"memberships of {arena.members:,} members moved on by the sweeper, in one process: "
        "growth leaves, the tier is kept for another period",
        table="tiers_tierchange",
        engine=SweptMemberships(crowd, sweeping),
        ceiling=UpdatedMemberships(crowd),
        processes=sweeping.pids,
    )


class Crowd:
    """Members with a tier, at least so many; they can all be made due again."""

    def __init__(self, database: Database, members: int) -> None:
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
        self.make_due(members)

    def make_due(self, least: int) -> None:
        """Put all back to the day their period ended, and make up what is missing of `least`."""
        while self._members < least:
            more = min(CHUNK, least - self._members)
            self.database.run(FILL, self._given | {"members": more, "made": self._members})
            self._members += more
        self.database.run(MAKE_DUE, self._given)

    def all_done(self) -> bool:
        return not self.database.one(DUE)


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

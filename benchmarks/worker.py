"""python -m benchmarks.worker WORK: one process of the engine that works when told to.

Reads a line of JSON from its input, `seconds` and what else the work is given, works for so long or
until nothing is left, and answers with a line of JSON.
"""

import datetime as dt
import itertools
import json
import sys
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import django
from django.conf import settings

STEP = 5  # events between two looks at the clock
POINTS = 10

Going = Callable[[], bool]
Values = dict[str, str | int]
T = TypeVar("T")


def main() -> None:
    work = WORKS[sys.argv[1]]
    django.setup()
    import apps.core.services  # what takes its time to load, before the clock runs

    assert apps.core.services
    print("ready", flush=True)
    for line in sys.stdin:
        given = json.loads(line)
        began = time.monotonic()
        ends = began + given.pop("seconds")
        done = work(lambda until=ends: time.monotonic() < until, **given)
        told = {"done": done, "began": began, "ended": time.monotonic()}
        print(json.dumps(told), flush=True)


def events(going: Going) -> int:
    """Process due events, in all lanes of a worker's process; how many."""
    from apps.core import lanes
    from apps.core.services import events_process

    def lane() -> int:
        done = 0
        while going():
            some = events_process(limit=STEP)
            done += some
            if some < STEP:
                break
        return done

    return lanes.in_lanes(lambda: lanes.together(lane))


def transfers(going: Going, members: list[int]) -> int:
    """Members earn points on hold, have them settled and spend them; how many transfers.

    In all lanes of a worker's process, each with members of its own.
    """
    from apps.core import lanes

    shares = [members[n :: settings.WORKER_LANES] for n in range(settings.WORKER_LANES)]
    return lanes.in_lanes(lambda: lanes.each(partial(_live, going), shares))


def _live(going: Going, members: list[int]) -> int:
    from apps.points.services import points_pend, points_settle, points_spend

    done = 0
    life = (points_pend, points_settle, points_spend)
    for member in itertools.cycle(members):
        for move in life:
            if not going():
                return done
            move(
                member_id=member,
                amount=POINTS,
                key=f"bench:{uuid.uuid4()}",
                reference="grt_bench",
                now=dt.datetime.now(dt.UTC),
            )
            done += 1
    return done


def joinings(going: Going, campaign_id: int, guests: list[tuple[int, str]]) -> int:
    """Guests join by the visit they made; how many."""
    from benchmarks.binding import join

    return _in_lanes(going, guests, lambda guest: join(campaign_id, *guest) is not None)


def inserts(going: Going, statement: str, always: Values, guests: list[Values]) -> int:
    """The rows of guests who join are written, with values that are all ready; how many guests."""
    from apps.core import statements

    def insert(guest: Values) -> bool:
        statements.run(statement, always | guest)
        return True

    return _in_lanes(going, guests, insert)


def _in_lanes(going: Going, guests: list[T], receive: Callable[[T], bool]) -> int:
    """Receive one guest after the other, in all lanes of a worker's process; how many."""
    from apps.core import lanes

    def lane(share: list[T]) -> int:
        done = 0
        for guest in share:
            if not going():
                break
            done += receive(guest)
        return done

    shares = [guests[n :: settings.WORKER_LANES] for n in range(settings.WORKER_LANES)]
    return lanes.in_lanes(lambda: lanes.each(lane, shares))


def memberships(going: Going) -> int:
    """Move due memberships on; how many."""
    from apps.tiers.services import memberships_sweep

    done = 0
    while going():
        some = memberships_sweep()
        done += some
        if not some:
            break
    return done


WORKS: dict[str, Callable[..., int]] = {
    work.__name__: work for work in (events, transfers, joinings, inserts, memberships)
}

if __name__ == "__main__":
    main()

"""python -m tests.faults.sweeps: what is done to a database in processes that may die of it.

Reads lines of JSON, `do` and `database` and what else the doing is given. Each is done in a fork,
which has imported the engine and opens a connection of its own; answers with a line of JSON.
"""

import datetime as dt
import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import django
import psutil

DEADLINES = (
    "expired holds",
    "room deadlines",
    "rooms of withdrawn offers",
    "step prices",
    "group discounts",
    "refund reminders",
)


def main() -> None:
    django.setup()
    import tests.races.test_rooms  # noqa: F401 - what takes its time, before the first fork

    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_in_fork(**json.loads(line))), flush=True)


def _in_fork(*, do: str, database: str, **given: Any) -> dict[str, Any]:
    """How a process ended that did this (negative: by which signal), and what it told before."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            _use(database)
            os.write(writing, json.dumps(WORKS[do](**given)).encode())
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    _, status = os.waitpid(pid, 0)
    return {"code": os.waitstatus_to_exitcode(status), "told": json.loads(told or "null")}


def _use(database: str) -> None:
    from django.db import connection

    connection.settings_dict["NAME"] = database


def world() -> None:
    """Rooms of every kind at a moment when time has something to do with most of them."""
    from django.core.management import call_command

    from apps.campaigns.rules import Beneficiary, Trigger
    from apps.checkout.services import refund_report
    from apps.core.services import events_process
    from apps.groupbuy.models import Room, Seat
    from apps.groupbuy.rules import AtDeadline, ItemTerms, Step, Terms
    from apps.groupbuy.services import room_open
    from apps.invites.selectors import Brought
    from apps.orders.rules import RefundAsk
    from apps.reports.services import campaigns_fold, journals_fold
    from tests.makers import make_campaign, make_member, make_offer, now
    from tests.races.test_rooms import hold, open_room_in, pay

    call_command("migrate", verbosity=0)
    campaign = make_campaign(
        (Trigger.ROOM_COMPLETED, Beneficiary.HOST, {}),
        qualifying_act="room",
        counts_group_discounts=True,
        budget_minor=1_000_000,
    )

    def sit(room: Room, *, paid: int, held: int = 0) -> list[Seat]:
        seats = [hold(room, make_member()) for _ in range(paid + held)]
        for seat in seats[:paid]:
            pay(seat)
        return seats

    offer = make_offer(campaign, size=5)
    sit(open_room_in(offer), paid=2)
    sit(open_room_in(offer), paid=1, held=1)
    partly = sit(open_room_in(offer), paid=1)[0]
    partly.refresh_from_db()
    refund_report(
        order_id=partly.order_id, refund_id="r", ask=RefundAsk(amount_minor=900), occurred_at=now()
    )
    waiting = sit(open_room_in(offer), paid=1, held=1)[-1]
    Seat.objects.filter(pk=waiting.pk).update(hold_expires_at=now() + dt.timedelta(days=1))
    late = sit(open_room_in(offer), paid=1, held=1)[-1]
    Room.objects.filter(pk=late.room_id).update(
        status="closing", deadline_at=now(), due_at=late.hold_expires_at
    )
    room_open(offer=offer, member_id=make_member().pk, brought=Brought(), now=now())
    sit(open_room_in(make_offer(campaign, size=2)), paid=1)
    sit(open_room_in(make_offer(campaign, size=5, duration=dt.timedelta(days=9))), paid=1)
    short = Terms(at_deadline=AtDeadline.COMPLETE_SHORT, minimum_seats=2)
    tea = ItemTerms("tea", "Tea", 5900, 4900, 100, steps=(Step(2, 4500), Step(3, 4000)))
    stepped = make_offer(campaign, size=5, terms=short, items=(tea,))
    sit(open_room_in(stepped), paid=1, held=1)
    events_process()
    while journals_fold() + campaigns_fold():
        pass
    later(hours=2)


def later(hours: int) -> None:
    """Let this world's clock be so far ahead."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql STABLE "
            f"PARALLEL SAFE AS 'SELECT clock_timestamp() + make_interval(hours => {hours})'"
        )


class Commits:
    """Counts where a process commits, and strikes right before or after one of these points.

    They are the COMMITs of its transactions, and statements outside of them that are no SELECT.
    """

    def __init__(self, at: int, side: str, strike: Callable[[], None]) -> None:
        self.count = 0
        self._at = at
        self._side = side
        self._strike = strike

    def __enter__(self) -> "Commits":
        from django.db import connection

        commit = connection._commit
        connection._commit = lambda: self._point(commit)  # type: ignore[method-assign]
        connection.execute_wrappers.append(self._statement)
        return self

    def __exit__(self, *_error: object) -> None:
        from django.db import connection

        del connection._commit
        connection.execute_wrappers.remove(self._statement)

    def _statement(self, execute: Callable[..., Any], sql: Any, *how: Any) -> Any:
        from django.db import connection

        alone = not connection.in_atomic_block and not str(sql).lstrip().startswith("SELECT")
        return self._point(lambda: execute(sql, *how)) if alone else execute(sql, *how)

    def _point(self, commit: Callable[[], Any]) -> Any:
        self.count += 1
        if (self.count, self._side) == (self._at, "before"):
            self._strike()
        result = commit()
        if (self.count, self._side) == (self._at, "after"):
            self._strike()
        return result


def sweep(at: int = 0, side: str = "", postmaster: int = 0, facts: bool = False) -> int:
    """Do what is due in rooms until nothing is, then all else; how many commits the sweepers took.

    With `facts` those of processing the facts too. At the `at`-th of these the process kills itself,
    or all of PostgreSQL where `postmaster` is told.
    """
    from apps.core.services import events_process
    from apps.core.sweepers import run_due

    _wait_alone()
    strike = _kill_postgres(postmaster) if postmaster else _kill_myself
    with Commits(at, side, strike) as commits:
        while _deadlines() + (events_process() if facts else 0):
            pass
    while sum(run_due().values()) + events_process():
        pass
    return commits.count


def _deadlines() -> int:
    """One turn of the sweepers of rooms, which are those that are killed; how much they did."""
    from apps.core import sweepers

    return sum(sweepers._sweepers[name]() for name in DEADLINES)


def _kill_myself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_postgres(postmaster: int) -> Callable[[], None]:
    """The whole server as by a loss of power: nobody may even end a transaction."""

    def strike() -> None:
        parent = psutil.Process(postmaster)
        victims = [parent, *parent.children(recursive=True)]
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()

    return strike


def _wait_alone() -> None:
    """Return when the server has noticed that our predecessor is dead."""
    from django.db import connection

    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                   AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
            )
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.01)


def state() -> dict[str, Any]:
    """Everything that sweeps decide, in the same words for all sweeps of one world."""
    from apps.campaigns.models import Budget
    from apps.core import invariants
    from apps.core.models import Event
    from apps.groupbuy.models import OfferItem, RefundOrder, Room, Seat
    from apps.rewards.models import Grant

    def rows(found: Any, *fields: str) -> list[list[Any]]:
        return [list(row) for row in found.values_list(*fields).order_by(*fields)]

    kinds = Counter(
        f"{kind} {status}" for kind, status in Event.objects.values_list("kind", "status")
    )
    return {
        "rooms": rows(Room.objects, "pk", "status", "reason", "host"),
        "seats": rows(Seat.objects, "pk", "status", "released", "discount", "settlement"),
        "refund orders": rows(RefundOrder.objects, "seat", "line", "amount_minor", "why", "status"),
        "reminders": rows(RefundOrder.objects, "seat", "line", "asks", "reminders"),
        "stock": rows(OfferItem.objects, "pk", "held", "sold"),
        "budget": rows(Budget.objects, "pk", "reserved_minor", "spent_minor"),
        "grants": rows(Grant.objects, "member", "status"),
        "events": sorted(kinds.items()),
        "failures": rows(Event.objects.exclude(status="done"), "key", "last_error"),
        "owed": _owed(),
        "breaches": [str(breach) for breach in invariants.breaches()],
    }


def _owed() -> list[list[Any]]:
    """What a refund order must ask for: seats paid in rooms that failed or were cancelled."""
    from apps.groupbuy.models import Seat

    ended = Seat.objects.filter(room__status__in=("failed", "cancelled"), line__isnull=False)
    return [
        [seat.pk, seat.line_id, min(seat.line.kept_minor, seat.line.order.kept_minor)]
        for seat in ended.select_related("line__order").order_by("pk")
        if seat.line is not None
    ]


WORKS: dict[str, Callable[..., Any]] = {
    work.__name__: work for work in (world, later, sweep, state)
}

if __name__ == "__main__":
    main()

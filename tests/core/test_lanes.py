"""A worker's process has several transactions under way; everything else has one."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import OperationalError

from apps.core import lanes, services, statements, sweepers, tasks
from apps.core.models import Event
from apps.core.transactions import in_transaction
from tests.makers import now

pytestmark = pytest.mark.usefixtures("committed")

LANES = settings.WORKER_LANES


@pytest.fixture(autouse=True)
def fresh_lanes() -> Iterator[None]:
    """Lanes of this test's own, whose connections are closed after it."""
    lanes.close()
    yield
    lanes.close()


def test_as_many_are_under_way_as_there_are_lanes() -> None:
    meet = threading.Barrier(LANES)

    @in_transaction
    def step(row: int) -> int:
        statements.run("SELECT pg_backend_pid()", ())
        meet.wait(20)  # broken, and so an error, unless all lanes come
        return row

    rows = range(2 * LANES)
    assert lanes.in_lanes(lambda: lanes.each(step, rows)) == sum(rows)


def test_without_lanes_it_is_the_callers_own_thread() -> None:
    here = threading.get_ident()
    assert lanes.each(lambda _row: threading.get_ident() == here, range(5)) == 5
    assert lanes.together(lambda: threading.get_ident()) == here


def test_a_row_that_fails_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    def step(row: int) -> int:
        if row == 3:
            raise ValueError("this one")
        return 1

    assert lanes.in_lanes(lambda: sweepers.each_due(range(10), step)) == 9
    assert "failed for row 3" in caplog.text


def test_a_worker_does_a_backlog_once(invariants_hold: Callable[[], None]) -> None:
    for number in range(40):
        services.event_record(
            key=f"engine.tested:{number}", kind="engine.tested", payload={}, occurred_at=now()
        )
    tasks.process_events()
    tasks.process_events()
    assert Event.objects.filter(kind="engine.tested", status="done").count() == 40
    invariants_hold()


def test_a_lane_whose_connection_broke_gets_another() -> None:
    def die(_row: int) -> int:
        statements.run("SELECT pg_terminate_backend(pg_backend_pid())", ())
        return 1

    def live(_row: int) -> int:
        return int(statements.run("SELECT 1", ())[0][0])

    with pytest.raises(OperationalError):
        lanes.in_lanes(lambda: sweepers.each_due(range(1), die))
    assert lanes.in_lanes(lambda: sweepers.each_due(range(3 * LANES), live)) == 3 * LANES


def test_closed_lanes_leave_no_connection() -> None:
    def sessions() -> int:
        [(count,)] = statements.run(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()", ()
        )
        return int(count)

    meet, before = threading.Barrier(LANES), sessions()

    def step(_row: int) -> int:
        meet.wait(20)
        return sessions()

    lanes.in_lanes(lambda: lanes.each(step, range(LANES)))
    assert sessions() == before + LANES
    lanes.close()
    give_up = time.monotonic() + 20
    while sessions() > before:
        assert time.monotonic() < give_up
        time.sleep(0.01)

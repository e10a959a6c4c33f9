"""Sweepers, commands, replies, ids, retries and beat's schedule."""

import datetime as dt
from collections.abc import Callable
from io import StringIO

import pytest
from celery import Celery
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from psycopg import errors as pg

from apps.campaigns.models import Campaign
from apps.campaigns.services import campaigns_turn
from apps.core import ids, services, sweepers
from apps.core.errors import Busy
from apps.core.fingerprints import fingerprint
from apps.core.models import IdempotentReply
from apps.core.transactions import ATTEMPTS, retrying
from apps.members.models import Member
from apps.orders.models import Order
from referral_engine.beat import EngineScheduler
from tests.makers import make_campaign, now


def test_a_sweeper_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> int:
        raise ValueError

    monkeypatch.setattr(sweepers, "_sweepers", {"bad": fails, "good": lambda: 3})
    assert sweepers.run_due() == {"good": 3}


def test_a_row_that_fails_stops_no_other() -> None:
    def step(row: int) -> int:
        if row == 2:
            raise ValueError
        return row

    assert sweepers.each_due([1, 2, 3], step) == 4


def test_a_database_that_is_away_is_no_sweepers_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> int:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(sweepers, "_sweepers", {"bad": away})
    with pytest.raises(OperationalError):
        sweepers.run_due()


def transient(cause: Exception) -> OperationalError:
    error = OperationalError()
    error.__cause__ = cause
    return error


def test_a_victim_of_a_deadlock_tries_again() -> None:
    left = [transient(pg.DeadlockDetected()), transient(pg.SerializationFailure())]

    def work() -> str:
        if left:
            raise left.pop()
        return "done"

    assert retrying(work) == "done"


@pytest.mark.parametrize(
    ("cause", "tries"), [(pg.DeadlockDetected(), ATTEMPTS), (pg.LockNotAvailable(), 1)]
)
def test_it_does_not_try_for_ever(cause: Exception, tries: int) -> None:
    tried: list[int] = []

    def work() -> None:
        tried.append(1)
        raise transient(cause)

    with pytest.raises(Busy):
        retrying(work)
    assert len(tried) == tries


def test_ids_and_codes() -> None:
    assert ids.new_id("room").startswith("room_")
    assert len(ids.new_code()) == ids.CODE_LENGTH <= 32
    assert len({ids.new_code() for _ in range(1000)}) == 1000


def test_a_fingerprint_does_not_depend_on_the_order_of_fields() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})


def test_old_replies_are_forgotten(committed: None, move_clock: Callable[[float], None]) -> None:
    IdempotentReply.objects.create(
        credential="key", method="POST", path="/", key="k", fingerprint="f", status_code=201
    )
    assert services.replies_purge() == 0
    move_clock(dt.timedelta(hours=73).total_seconds())
    assert services.replies_purge() == 1


def test_commands_do_by_hand_what_workers_do(committed: None) -> None:
    make_campaign()
    out = StringIO()
    call_command("run_due", stdout=out)
    assert "events: 1" in out.getvalue()
    call_command("check_invariants", stdout=out)
    assert "invariants hold" in out.getvalue()


def test_check_invariants_shows_the_rows_of_a_broken_promise(committed: None) -> None:
    ann = Member.objects.create()
    Order.objects.create(
        order_id="1001", member=ann, nth=2, currency="CNY", paid_minor=1, occurred_at=now()
    )
    err = StringIO()
    with pytest.raises(CommandError, match="1 invariants are broken"):
        call_command("check_invariants", stderr=err)
    assert f"{ann.pk}, 1, 2" in err.getvalue()


def test_campaigns_start_and_end_by_the_clock(
    committed: None, move_clock: Callable[[float], None]
) -> None:
    campaign = make_campaign(
        starts_at=now() + dt.timedelta(hours=1), ends_at=now() + dt.timedelta(hours=2)
    )
    assert campaign.status == Campaign.Status.SCHEDULED
    for hours, status in ((0, "scheduled"), (1.5, "running"), (3, "ended")):
        move_clock(hours * 3600)
        campaigns_turn()
        campaign.refresh_from_db()
        assert campaign.status == status


def test_beat_forgets_entries_of_the_code_and_keeps_the_operators(committed: None) -> None:
    second = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.SECONDS)
    for name in ("engine: gone", "weekly mail"):
        PeriodicTask.objects.create(name=name, task="tasks.any", interval=second)
    app = Celery("any")
    app.conf.beat_schedule = {
        "engine: run_due": {"task": "apps.core.tasks.run_due", "schedule": 1.0}
    }
    EngineScheduler(app=app)
    connection.close()
    names = set(PeriodicTask.objects.values_list("name", flat=True))
    assert names == {"engine: run_due", "weekly mail"}

"""Deadlocks in sweepers, tasks, invariants, and how errors become problems."""

import datetime as dt

import pytest
from django.db import OperationalError, connection
from psycopg import errors as pg

from apps.core import errors, invariants, problems, sweepers
from apps.core.fingerprints import fingerprint
from apps.core.invariants import Invariant
from apps.core.models import Event
from apps.core.services import event_record
from apps.core.tasks import process_events, run_due
from tests.makers import now


def test_a_deadlock_stops_no_other_but_a_lost_database_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(cause: Exception) -> int:
        raise OperationalError from cause

    for cause, stops in ((pg.DeadlockDetected(), False), (pg.AdminShutdown(), True)):
        broken = {"broken": lambda cause=cause: fail(cause), "sound": lambda: 3}
        monkeypatch.setattr(sweepers, "_sweepers", broken)
        if stops:
            with pytest.raises(OperationalError):
                sweepers.run_due()
        else:
            assert sweepers.run_due() == {"sound": 3}


@pytest.mark.django_db
def test_tasks_look_and_carry_nothing() -> None:
    for number, task in enumerate((process_events, run_due)):
        event_record(key=f"parade-{number}", kind="parade.seen", payload={}, occurred_at=now())
        task()
        assert not Event.objects.pending().exists()


@pytest.mark.django_db
def test_only_so_many_rows_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    many = Invariant(1, "no numbers", "SELECT n FROM generate_series(1, 99) AS n")
    monkeypatch.setattr(invariants, "_invariants", [many])
    (breach,) = invariants.breaches()
    assert (breach.columns, len(breach.rows)) == (("n",), invariants.MAX_ROWS_SHOWN)


def test_every_promise_of_the_design_is_checked() -> None:
    numbers = {invariant.number for invariant in invariants.registered()}
    # 3 is held by the conditional updates whose effects 2, 8 and 12 check; 6 waits for coupons.
    assert numbers >= {1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14}


def test_a_fingerprint_tells_contents_not_form() -> None:
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint({"a": [1, 2]}) != fingerprint({"a": [2, 1]})
    assert fingerprint({"a": "汉"}) != fingerprint({"a": "汗"})
    assert fingerprint({"a": "\ud800"}) != fingerprint({"a": "?"})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Unauthenticated(), 401),
        (errors.Forbidden(), 403),
        (errors.NotFound(), 404),
        (errors.Conflict("taken"), 409),
        (errors.Invalid("empty"), 422),
        (errors.Busy(), 503),
    ],
)
def test_each_family_of_errors_has_a_status(error: errors.EngineError, status: int) -> None:
    response = problems.exception_handler(error, {})
    assert response is not None
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert (response.data["code"], response.data["detail"]) == (error.code, str(error))
    assert response.get("Retry-After") == ("1" if status == 503 else None)


def test_a_problem_points_at_the_field() -> None:
    response = problems.exception_handler(errors.Conflict("taken", pointer="/code"), {})
    assert response is not None
    assert response.data["errors"] == [{"pointer": "/code", "detail": "taken"}]


def test_a_bug_is_no_problem_document() -> None:
    assert problems.exception_handler(ZeroDivisionError(), {}) is None


@pytest.mark.django_db
def test_engine_now_is_the_databases_clock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT engine_now() - clock_timestamp()")
        assert abs(cursor.fetchone()[0]) < dt.timedelta(seconds=1)

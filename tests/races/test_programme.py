"""Several ask for a report, several workers take it on, and one of them dies over it."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.core.clock import engine_now
from apps.reports.models import Programme
from apps.reports.services import programme, programme_ask, programme_compute, programmes_due
from tests.makers import make_member, now
from tests.races.threads import Gap, at_once, without, without_row_locks


def eight_ask() -> list[Any]:
    return at_once(*(programme_ask for _ in range(8)))


def test_one_report_is_wanted_whoever_asks(promised: None) -> None:
    assert sorted(eight_ask()) == [False] * 7 + [True]
    assert Programme.objects.count() == 1


def test_control_without_the_constraint_eight_are(committed: None) -> None:
    with without("reports_programme", "programme_waits_once"):
        assert eight_ask() == [True] * 8


def two_workers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The second looks while the first stands between finding the report and taking it."""
    programme_ask()
    gap = Gap(engine_now, lambda: programme_compute(now=now()))
    monkeypatch.setattr(programme, "engine_now", gap)
    return [programme_compute(now=now()), gap.outcome]


def test_one_worker_computes_it(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert two_workers(monkeypatch) == [True, False]
    assert Programme.objects.get().figures["as_of"]


def test_control_without_the_lock_two_do(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    without_row_locks(monkeypatch)
    assert two_workers(monkeypatch) == [True, True]


class Killed(BaseException):
    """As a worker is by the system: nothing of ours catches it."""


def test_who_dies_over_it_leaves_it_to_the_next(
    promised: None, monkeypatch: pytest.MonkeyPatch, move_clock: Callable[[float], None]
) -> None:
    def die(**_: Any) -> None:
        raise Killed

    programme_ask()
    with monkeypatch.context() as patch:
        patch.setattr(programme, "programme_report", die)
        with pytest.raises(Killed):
            programme_compute(now=now())
    assert not programme_compute(now=now()), "it is somebody's for an hour"
    move_clock(3601)
    assert programme_compute(now=now())
    assert Programme.objects.get().computed_at is not None


def test_an_error_is_kept_until_it_goes_well(
    promised: None, monkeypatch: pytest.MonkeyPatch, move_clock: Callable[[float], None]
) -> None:
    def fail(**_: Any) -> None:
        raise ZeroDivisionError("of what")

    programme_ask()
    with monkeypatch.context() as patch:
        patch.setattr(programme, "programme_report", fail)
        assert programme_compute(now=now())
    assert Programme.objects.get().error == "ZeroDivisionError: of what"
    move_clock(3601)
    assert programme_compute(now=now())
    assert Programme.objects.get().error == ""
    assert not programme_compute(now=now()), "nothing is wanted any more"


def test_each_night_wants_one(
    promised: None, monkeypatch: pytest.MonkeyPatch, move_clock: Callable[[float], None]
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(programme.nudges, "nudge", woken.append)
    assert programmes_due() == 0, "nobody is here yet"
    make_member("ann")
    assert programmes_due() == 0, "a fresh engine waits for its first night"
    move_clock(25 * 3600)
    assert programmes_due() == 1
    assert programmes_due() == 0, "whoever drains all sweepers would never end"
    assert woken == [programme.TASK] * 2
    assert programme_compute(now=now())
    assert programmes_due() == 0
    move_clock(49 * 3600)
    assert programmes_due() == 1
    assert Programme.objects.count() == 2

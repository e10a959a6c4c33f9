"""When the report counts as settled."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.demo import waiting
from apps.demo.waiting import NotSettled, wait_until_settled

CALM = dict.fromkeys((*waiting.UNDER_WAY, "events_parked"), 0)


def report(rooms_open: int = 0, points: int = 0, **freshness: int) -> dict[str, Any]:
    return {
        "as_of": object(),
        "freshness": CALM | freshness,
        "rooms": {"open": rooms_open},
        "rewards": {"points_settled": points},
    }


def in_turn(*reports: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    left = list(reports)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def wait(*reports: dict[str, Any], patience: float = 5.0) -> dict[str, Any]:
    return wait_until_settled(
        in_turn(*reports), catch_up=lambda: None, pause=0.0, patience=patience
    )


@pytest.mark.parametrize("name", waiting.UNDER_WAY)
def test_it_waits_for_whatever_is_under_way(name: str) -> None:
    last = wait(report(**{name: 1}), report(**{name: 1}), report(points=7), report(points=7))
    assert last["rewards"] == {"points_settled": 7}


def test_it_waits_for_open_rooms() -> None:
    assert wait(report(rooms_open=1), report(rooms_open=1), report())["rooms"] == {"open": 0}


def test_a_report_must_look_settled_twice() -> None:
    flicker = (report(), report(events_pending=1), report(points=7))
    assert wait(*flicker)["rewards"] == {"points_settled": 7}


def test_a_parked_event_waits_for_an_operator() -> None:
    with pytest.raises(NotSettled, match="1 events are parked"):
        wait(report(events_parked=1))


def test_it_gives_up_when_nothing_changes() -> None:
    with pytest.raises(NotSettled, match="'grants_pending': 2"):
        wait(report(grants_pending=2), patience=0.05)


def test_a_shop_that_missed_a_webhook_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "CATCH_UP_SECONDS", 0.01)
    owed = report(refund_orders_outstanding=1)
    confirmed: list[bool] = []
    wait_until_settled(
        lambda: report() if confirmed else owed,
        catch_up=lambda: confirmed.append(True),
        pause=0.005,
    )
    assert confirmed == [True]

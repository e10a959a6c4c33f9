"""The event log: recorded once, effective once, parked when it cannot be."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from apps.core import services, subscriptions
from apps.core.clock import EngineNow, engine_now
from apps.core.models import Event
from apps.core.services import EventConflict, EventNotParked, event_record, event_retry
from apps.members.models import Member
from apps.members.services import member_register

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def hear(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Subscribe to a kind for one test."""
    fresh = {kind: list(found) for kind, found in subscriptions._subscribers.items()}
    known = subscriptions.defaultdict(list, fresh)
    monkeypatch.setattr(subscriptions, "_subscribers", known)

    def subscribe(kind: str, subscriber: Callable[[Event], None]) -> None:
        subscriptions.subscribe(kind, subscriber, position=1)

    return subscribe


def record(key: str = "rain:1", kind: str = "rain", **payload: Any) -> Event:
    return event_record(key=key, kind=kind, payload=payload, occurred_at=NOON)


def test_the_same_key_returns_the_first_event() -> None:
    first = record(mm=3)
    assert record(mm=3).pk == first.pk
    assert Event.objects.count() == 1


@pytest.mark.parametrize("again", [{"mm": 4}, {"mm": 3, "kind": "snow"}])
def test_the_same_key_with_other_contents_is_a_conflict(again: dict[str, Any]) -> None:
    record(mm=3)
    with pytest.raises(EventConflict):
        record(**again)


def test_a_fact_that_was_rolled_back_never_happened() -> None:
    with transaction.atomic():
        record()
        transaction.set_rollback(True)
    assert services.events_process() == 0


def test_an_event_is_processed_once(hear: Callable[..., None]) -> None:
    heard: list[str] = []
    hear("rain", lambda event: heard.append(event.key))
    record()
    assert services.events_process() == 1
    assert services.events_process() == 0
    assert heard == ["rain:1"]
    assert Event.objects.get().status == Event.Status.DONE


def test_a_failing_event_has_no_effect_blocks_nothing_and_parks(
    hear: Callable[..., None], move_clock: Callable[[float], None]
) -> None:
    def half_done(event: Event) -> None:
        member_register(external_id="nobody", now=NOON)
        raise ValueError("no umbrella")

    hear("rain", half_done)
    record()
    record("sun:1", "sun")
    services.events_process()
    assert Member.objects.count() == 0
    assert Event.objects.get(key="sun:1").status == Event.Status.DONE
    assert "no umbrella" in Event.objects.get(key="rain:1").last_error
    for attempt in range(2, services.MAX_ATTEMPTS + 1):
        move_clock(10.0**attempt)
        assert services.events_process() == 1
    parked = Event.objects.get(key="rain:1")
    assert (parked.status, parked.attempts) == (Event.Status.PARKED, services.MAX_ATTEMPTS)
    assert services.events_process() == 0


def test_a_parked_event_can_be_retried(hear: Callable[..., None]) -> None:
    heard: list[str] = []
    hear("rain", lambda event: heard.append(event.key))
    event = record()
    with pytest.raises(EventNotParked):
        event_retry(event_id=event.pk)
    Event.objects.update(status=Event.Status.PARKED, attempts=8)
    event_retry(event_id=event.pk)
    services.events_process()
    assert heard == ["rain:1"]


def test_what_a_subscriber_records_names_its_cause_and_never_runs_away(
    hear: Callable[..., None],
) -> None:
    hear("echo", lambda event: void(record(f"{event.key}!", "echo")))
    record("echo", "echo")
    services.events_process()
    events = list(Event.objects.order_by("pk"))
    assert [event.hops for event in events] == list(range(services.MAX_HOPS + 2))
    assert [event.caused_by_id for event in events[1:]] == [event.pk for event in events[:-1]]
    assert [event.status for event in events[-2:]] == [Event.Status.DONE, Event.Status.PARKED]


def void(_: object) -> None:
    """A subscriber returns nothing."""


def test_subscribers_run_in_lock_order(hear: Callable[..., None]) -> None:
    ran: list[int] = []
    for position in (30, 10, 20):
        subscriptions.subscribe("rain", lambda event, p=position: ran.append(p), position=position)
    record()
    services.events_process()
    assert ran == [10, 20, 30]


def fail(event: Event) -> None:
    raise ValueError


def test_pauses_double(hear: Callable[..., None]) -> None:
    hear("rain", fail)
    record()
    pauses = []
    for _ in range(4):
        Event.objects.update(due_at=EngineNow())
        started = engine_now()
        assert services.event_process_next()
        pauses.append((Event.objects.get().due_at - started).total_seconds())
    assert all(due <= pause < 2 * due for due, pause in zip((2, 4, 8, 16), pauses, strict=True))


def test_an_effect_of_one_subscriber_goes_with_the_failure_of_another(
    hear: Callable[..., None],
) -> None:
    hear("rain", lambda event: void(member_register(external_id="wet", now=NOON)))
    hear("rain", fail)
    record()
    assert services.events_process() == 1
    assert not Member.objects.exists()
    assert Event.objects.get().processed_at is None


def test_a_limit_is_kept() -> None:
    for number in range(3):
        record(f"rain:{number}")
    assert services.events_process(limit=2) == 2
    assert Event.objects.pending().count() == 1

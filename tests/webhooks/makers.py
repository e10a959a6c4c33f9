"""The cast of the webhooks' tests."""

import datetime as dt
import itertools

from apps.core import invariants
from apps.core.clock import EngineNow
from apps.core.models import Event
from apps.core.services import event_record, events_process
from apps.webhooks.models import Delivery, Endpoint
from apps.webhooks.services import endpoint_create

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
# A kind no other app reacts to.
KIND = "parade.seen"

_numbers = itertools.count()


def make_endpoint(
    url: str = "https://shop.example/hook", *, kinds: tuple[str, ...] = (), is_test: bool = False
) -> Endpoint:
    return endpoint_create(url=url, kinds=kinds, is_test=is_test)


def make_event(kind: str = KIND, *, is_test: bool = False) -> Event:
    """A fact, processed."""
    event = event_record(
        key=f"{kind}:{next(_numbers)}",
        kind=kind,
        payload={"elephants": 3, "city": "宁波"},
        occurred_at=NOW,
        is_test=is_test,
    )
    events_process()
    return event


def delivery_to(endpoint: Endpoint) -> Delivery:
    return Delivery.objects.get(endpoint=endpoint)


def let_time_pass() -> None:
    """Until every pause and every lease is over."""
    Delivery.objects.filter(leased_until__isnull=False).update(leased_until=EngineNow())
    Delivery.objects.update(due_at=EngineNow())


def assert_promises_hold() -> None:
    assert [str(breach) for breach in invariants.breaches()] == []

"""Recording events, processing them exactly once, and forgetting old replies."""

import contextvars
import datetime as dt
import json
import logging
import traceback
from typing import Any

from django.db import transaction

from apps.core import nudges, statements
from apps.core.clock import EngineNow, engine_now
from apps.core.errors import Conflict, NotFound
from apps.core.models import Event, IdempotentReply
from apps.core.subscriptions import subscribers_of
from apps.core.transactions import in_transaction, is_transient, retrying

log = logging.getLogger(__name__)

MAX_HOPS = 8
MAX_ATTEMPTS = 8
REPLY_KEPT = dt.timedelta(hours=72)

# The event being processed in this thread, so that what its subscribers record names its cause.
_cause: contextvars.ContextVar[Event | None] = contextvars.ContextVar("cause", default=None)


class EventConflict(Conflict):
    code = "event_conflict"
    message = "This was already reported, with other contents."


class EventNotParked(NotFound):
    code = "event_not_parked"
    message = "Only a parked event can be retried."


@in_transaction
def event_record(
    *,
    key: str,
    kind: str,
    payload: dict[str, Any],
    occurred_at: dt.datetime,
    is_test: bool = False,
    wakes: bool = True,
) -> Event:
    """Add a fact to the log, in the caller's transaction, and wake the processor at its commit.

    Unless it `wakes` nobody: then it is processed within the second, which is soon enough for facts
    that only webhooks tell. The same `key` again returns the first event. Raises EventConflict when
    it carries another kind or payload. Takes no lock but the unique key's.
    """
    cause = _cause.get()
    event = Event(
        key=key,
        kind=kind,
        payload=payload,
        occurred_at=occurred_at,
        is_test=is_test,
        caused_by=cause,
        hops=cause.hops + 1 if cause else 0,
    )
    if event.hops > MAX_HOPS:
        event.status = Event.Status.PARKED
        event.last_error = f"More than {MAX_HOPS} events caused one another."
    if not _insert(event):
        first = Event.objects.get(key=key)
        if (first.kind, first.payload) != (kind, payload):
            raise EventConflict(f"{key} was already recorded with other contents.")
        return first
    if wakes:
        transaction.on_commit(nudges.nudge_processor)
    return event


# Django's bulk_create(ignore_conflicts=True) does not say whether it inserted, nor the id.
_INSERT = """
INSERT INTO core_event (key, kind, payload, occurred_at, is_test, caused_by_id, hops, status,
                        attempts, last_error)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, %s)
ON CONFLICT (key) DO NOTHING RETURNING id
"""


def _insert(event: Event) -> bool:
    """Write a new event and set its id; False when its key is taken."""
    values = [
        event.key,
        event.kind,
        json.dumps(event.payload),
        event.occurred_at,
        event.is_test,
        event.caused_by_id,
        event.hops,
        event.status,
        event.last_error,
    ]
    rows = statements.run(_INSERT, values)
    if not rows:
        return False
    event.pk = rows[0][0]
    return True


# `event_record` as a part of a statement that does all of a request: outside a subscriber, and with
# `nudges.nudge_processor` after it where it wakes. A key that is taken undoes the statement.
EVENT = """{name} AS (
  INSERT INTO core_event
    (key, kind, payload, occurred_at, is_test, hops, status, attempts, last_error)
  SELECT {key}, '{kind}', {payload}, {at}, %(is_test)s, 0, 'pending', 0, '' FROM {source}
)"""


def event_process_next() -> bool:
    """Claim one due event and run its subscribers; True when there was one.

    Effects and the mark "done" commit together. When a subscriber raises, nothing of the event's
    effects remains and it is put off, doubling the pause, until it is parked after 8 attempts.
    Locks the event with SKIP LOCKED, then what its subscribers lock.
    """
    return retrying(_process_next)


@transaction.atomic(durable=True)
def _process_next() -> bool:
    event = (
        Event.objects.due()
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .order_by("due_at", "id")
        .first()
    )
    if event is None:
        return False
    token = _cause.set(event)
    try:
        with transaction.atomic():
            for subscriber in subscribers_of(event.kind):
                subscriber(event)
    except Exception as error:
        if is_transient(error):
            raise  # a deadlock is not the event's fault: the whole transaction is tried again
        _put_off(event, traceback.format_exc())
    else:
        Event.objects.filter(pk=event.pk).update(
            status=Event.Status.DONE, processed_at=EngineNow(), last_error=""
        )
    finally:
        _cause.reset(token)
    return True


def _put_off(event: Event, error: str) -> None:
    event.attempts += 1
    event.last_error = error[-4000:]
    event.due_at = engine_now() + dt.timedelta(seconds=2**event.attempts)
    if event.attempts >= MAX_ATTEMPTS:
        event.status = Event.Status.PARKED
    event.save(update_fields=["attempts", "last_error", "due_at", "status"])
    log.error("event %s (%s) failed, attempt %d", event.key, event.kind, event.attempts)


def events_process(*, limit: int = 10_000) -> int:
    """Process due events until none is left or `limit` is reached; how many there were."""
    done = 0
    while done < limit and event_process_next():
        done += 1
    return done


@in_transaction
def event_retry(*, event_id: int) -> None:
    """Give a parked event another 8 attempts, starting now. Raises EventNotParked."""
    changed = (
        Event.objects.parked()
        .filter(pk=event_id)
        .update(status=Event.Status.PENDING, attempts=0, hops=0, due_at=EngineNow())
    )
    if changed != 1:
        raise EventNotParked()
    transaction.on_commit(nudges.nudge_processor)


def replies_purge() -> int:
    """Delete idempotent replies older than 72 hours, 1,000 at a time; how many."""
    old = IdempotentReply.objects.filter(created_at__lt=EngineNow() - REPLY_KEPT)
    return IdempotentReply.objects.filter(pk__in=old.values("pk")[:1000]).delete()[0]

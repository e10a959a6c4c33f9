"""Waking the workers early. A lost nudge costs a second: `run_due` looks every second anyway."""

import logging
import time

from celery import current_app
from kombu.exceptions import OperationalError as BrokerAway

log = logging.getLogger(__name__)

# A nudge costs more than a durable INSERT, and one wakes a worker that does all that is due.
_MIN_PAUSE_SECONDS = 0.1
_last: dict[str, float] = {}


def nudge(task: str) -> None:
    """Ask a worker to run `task` (its full name), at most once in 100 ms from this process.

    By name, because tasks call services and services come here. Without a broker it logs and
    returns: the engine gets late, never wrong.
    """
    if time.monotonic() - _last.get(task, 0.0) < _MIN_PAUSE_SECONDS:
        return
    _last[task] = time.monotonic()
    try:
        current_app.send_task(task, expires=5, retry=False)
    except BrokerAway:
        log.warning("the broker is away; beat will have %s look", task)
    except Exception:  # what was committed must not fail for it
        log.exception("%s could not be nudged; beat will have it look", task)


def nudge_processor() -> None:
    """Wake a processor of events."""
    nudge("apps.core.tasks.process_events")

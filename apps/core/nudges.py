"""Waking the workers early. A lost nudge costs a second: `run_due` looks every second anyway."""

import logging
import time

from kombu.exceptions import OperationalError as BrokerAway

log = logging.getLogger(__name__)

# A nudge costs more than a durable INSERT, and one wakes a processor that drains everything.
_MIN_PAUSE_SECONDS = 0.05
_last_nudge = 0.0


def nudge_processor() -> None:
    """Ask a worker to look for due events, at most once in 50 ms from this process.

    Without a broker it logs and returns: the engine gets late, never wrong.
    """
    global _last_nudge
    if time.monotonic() - _last_nudge < _MIN_PAUSE_SECONDS:
        return
    _last_nudge = time.monotonic()
    from apps.core.tasks import process_events

    try:
        process_events.apply_async(expires=5, retry=False)
    except BrokerAway:
        log.warning("the broker is away; beat will find the events")

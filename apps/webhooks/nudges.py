"""Waking a sender early. A lost nudge costs a second: the sweeper nudges while something is due."""

import logging
import time

from kombu.exceptions import OperationalError as BrokerAway

from apps.webhooks.models import Endpoint

log = logging.getLogger(__name__)

# As for the processor: a nudge costs more than an INSERT, and one sender takes all that is due.
_MIN_PAUSE_SECONDS = 0.05
_last_nudge = 0.0


def nudge_sender() -> None:
    """Ask a worker to send what is due, at most once in 50 ms from this process.

    Without a broker it logs and returns: messages get late, never lost.
    """
    global _last_nudge
    if time.monotonic() - _last_nudge < _MIN_PAUSE_SECONDS:
        return
    _last_nudge = time.monotonic()
    from apps.webhooks.tasks import send_deliveries

    try:
        send_deliveries.apply_async(expires=5, retry=False)
    except BrokerAway:
        log.warning("the broker is away; the sweeper will find the deliveries")


def nudge_when_due() -> int:
    """The sweeper: nudge a sender when something is due; how many endpoints wait.

    It posts nothing itself, so a slow shop never delays the deadlines of other sweepers.
    """
    waiting = Endpoint.objects.with_due_deliveries().count()
    if waiting:
        nudge_sender()
    return waiting

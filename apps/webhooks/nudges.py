"""Waking a sender early. A lost nudge costs a second: the sweeper nudges while something is due."""

import logging
import time

from celery import current_app
from kombu.exceptions import OperationalError as BrokerAway

from apps.webhooks.models import Endpoint

log = logging.getLogger(__name__)

# By name, because a task calls services and services come here.
_TASK = "apps.webhooks.tasks.send_deliveries"
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
    try:
        current_app.send_task(_TASK, expires=5, retry=False)
    except BrokerAway:
        log.warning("the broker is away; the sweeper will find the deliveries")


def nudge_when_due() -> int:
    """The sweeper: nudge a sender when something is due. Returns 0, for it does none of it.

    It posts nothing itself, so a slow shop never delays the deadlines of other sweepers.
    """
    if Endpoint.objects.with_due_deliveries().exists():
        nudge_sender()
    return 0

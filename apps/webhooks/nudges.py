"""Waking a sender early."""

from apps.core.nudges import nudge
from apps.webhooks.models import Endpoint


def nudge_sender() -> None:
    """Ask a worker to send what is due."""
    nudge("apps.webhooks.tasks.send_deliveries")


def nudge_when_due() -> int:
    """The sweeper: nudge a sender when something is due. Returns 0, for it does none of it.

    It posts nothing itself, so a slow shop never delays the deadlines of other sweepers.
    """
    if Endpoint.objects.with_due_deliveries().exists():
        nudge_sender()
    return 0

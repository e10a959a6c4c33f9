"""Celery tasks. Each means "look now" and carries nothing."""

from celery import shared_task

from apps.core import lanes, services, sweepers


@shared_task
def process_events() -> None:
    """Process due events until there are none."""
    lanes.in_lanes(_process)


@shared_task
def run_due() -> None:
    """Run every sweeper, then what events they and others left."""
    lanes.in_lanes(sweepers.run_due)
    lanes.in_lanes(_process)


def _process() -> int:
    # The first alone: most often there is only one, and lanes would all look in vain.
    if not services.event_process_next():
        return 0
    return 1 + lanes.together(services.events_process)

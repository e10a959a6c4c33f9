"""Celery tasks. Each means "look now" and carries nothing."""

from celery import shared_task

from apps.core import services, sweepers


@shared_task
def process_events() -> None:
    """Process due events until there are none."""
    services.events_process()


@shared_task
def run_due() -> None:
    """Run every sweeper, then what events they and others left."""
    sweepers.run_due()
    services.events_process()

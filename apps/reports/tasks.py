"""Celery tasks. Each means "look now" and carries nothing."""

from celery import shared_task

from apps.core import clock
from apps.reports import services


@shared_task
def compute_programme() -> None:
    """Compute the programme report, if one is wanted."""
    services.programme_compute(now=clock.now())

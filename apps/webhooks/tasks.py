"""Celery tasks. Each means "look now" and carries nothing."""

from celery import shared_task

from apps.webhooks import services


@shared_task
def send_deliveries() -> None:
    """Send what is due."""
    services.deliveries_send()

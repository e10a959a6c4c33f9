"""Every event may interest the shop."""

from apps.core.models import Event
from apps.webhooks import services


def deliveries_from_event(event: Event) -> None:
    """Tell every endpoint that listens. In the event's transaction, so exactly once."""
    services.deliveries_create(event=event)

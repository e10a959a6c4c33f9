"""Facts that undo an exchange."""

from apps.core.models import Event
from apps.shelf import services
from apps.shelf.models import Exchange


def on_fulfilment_cancelled(event: Event) -> None:
    """The shop cannot hand the gift of an exchange over: the points go back."""
    exchange = Exchange.objects.done().filter(public_id=event.payload["reference"]).first()
    if exchange is not None and exchange.fulfilment == event.payload["fulfilment"]:
        services.exchange_cancel(
            public_id=exchange.public_id, is_test=event.is_test, now=event.occurred_at
        )

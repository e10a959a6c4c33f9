"""Facts that change what reports count. Each only leaves a mark, in the event's own transaction."""

from apps.core.models import Event
from apps.reports import services


def on_participant_changed(event: Event) -> None:
    """Somebody joined, was brought, was confirmed, or got another referrer."""
    services.participant_mark(public_id=event.payload["participant"])


def on_order_changed(event: Event) -> None:
    """An order was paid or refunded."""
    services.order_mark(order_id=event.payload["order_id"], is_test=event.is_test)


def on_grant_changed(event: Event) -> None:
    """A grant was settled, or something was taken back of it."""
    services.grant_mark(public_id=event.payload["grant"])


def on_award_lapsed(event: Event) -> None:
    """What a grant gave came to nothing, which frees its budget."""
    services.grant_mark(public_id=event.payload["reference"])

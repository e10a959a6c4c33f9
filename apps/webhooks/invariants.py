"""What webhooks promise, as SQL that finds where it is broken."""

from apps.core.invariants import Invariant

WEBHOOKS = (
    Invariant(
        14,
        "one delivery per endpoint and event; delivered exactly when it has a time",
        """SELECT id, message_id, status, delivered_at FROM webhooks_delivery
           WHERE (status = 'delivered') <> (delivered_at IS NOT NULL)
           UNION ALL
           SELECT min(id), 'duplicate', min(status), NULL FROM webhooks_delivery
           GROUP BY endpoint_id, event_id HAVING count(*) > 1""",
    ),
    Invariant(
        14,
        "a delivery tells an endpoint of the event's own mode",
        """SELECT delivery.id, endpoint.is_test, event.is_test AS of_event
           FROM webhooks_delivery delivery
           JOIN webhooks_endpoint endpoint ON endpoint.id = delivery.endpoint_id
           JOIN core_event event ON event.id = delivery.event_id
           WHERE endpoint.is_test <> event.is_test""",
    ),
)

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "apps.webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        from apps.core import invariants, subscriptions, sweepers
        from apps.webhooks import nudges, subscribers
        from apps.webhooks.invariants import WEBHOOKS

        subscriptions.subscribe(
            subscriptions.EVERY_KIND, subscribers.deliveries_from_event, position=900
        )
        sweepers.register("webhook deliveries", nudges.nudge_when_due)
        invariants.register(*WEBHOOKS)

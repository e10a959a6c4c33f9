from django.apps import AppConfig


class ShelfConfig(AppConfig):
    name = "apps.shelf"
    verbose_name = "Exchange shelf"

    def ready(self) -> None:
        from apps.core import invariants as core_invariants
        from apps.core.subscriptions import subscribe
        from apps.obligations import events as obligations_events
        from apps.shelf import invariants, subscribers

        core_invariants.register(*invariants.SHELF)
        subscribe(
            obligations_events.FULFILMENT_CANCELLED,
            subscribers.on_fulfilment_cancelled,
            position=10,
        )

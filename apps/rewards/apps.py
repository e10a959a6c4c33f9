from django.apps import AppConfig


class RewardsConfig(AppConfig):
    name = "apps.rewards"
    verbose_name = "Rewards"

    def ready(self) -> None:
        from apps.core import invariants as core_invariants
        from apps.core import sweepers
        from apps.core.subscriptions import subscribe
        from apps.groupbuy import events as groupbuy_events
        from apps.invites import events as invites_events
        from apps.orders import events as orders_events
        from apps.rewards import events, invariants, services, subscribers

        core_invariants.register(*invariants.REWARDS)
        sweepers.register("grants to settle", services.grants_settle)
        for kind in (orders_events.PAID, orders_events.REFUNDED):
            subscribe(kind, subscribers.on_order_changed, position=10)
        subscribe(groupbuy_events.ROOM_COMPLETED, subscribers.on_room_completed, position=10)
        subscribe(invites_events.CONFIRMED, subscribers.on_participant_confirmed, position=10)
        subscribe(events.DECISION_DUE, subscribers.on_decision_due, position=10)

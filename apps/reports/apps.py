from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "apps.reports"
    verbose_name = "Reports"

    def ready(self) -> None:
        from apps.core import invariants as core_invariants
        from apps.core import sweepers
        from apps.core.subscriptions import subscribe
        from apps.coupons import events as coupons_events
        from apps.invites import events as invites_events
        from apps.obligations import events as obligations_events
        from apps.orders import events as orders_events
        from apps.reports import invariants, services, subscribers
        from apps.rewards import events as rewards_events

        core_invariants.register(*invariants.REPORTS)
        sweepers.register("what links reach", services.journals_fold)
        sweepers.register("campaigns to count", services.campaigns_fold)
        sweepers.register("reports to count ahead", services.ahead_count)
        sweepers.register("alerts", services.alerts_find)
        sweepers.register("programme report", services.programmes_due)
        # Last: a mark locks nothing, and nothing waits for it.
        for kind in (
            invites_events.JOINED,
            invites_events.BROUGHT,
            invites_events.CONFIRMED,
            invites_events.OVERRIDDEN,
        ):
            subscribe(kind, subscribers.on_participant_changed, position=950)
        for kind in (orders_events.PAID, orders_events.REFUNDED):
            subscribe(kind, subscribers.on_order_changed, position=950)
        for kind in (rewards_events.SETTLED, rewards_events.TAKEN_BACK):
            subscribe(kind, subscribers.on_grant_changed, position=950)
        # After the rewards' own, which frees what the grant had cost.
        for kind in (
            coupons_events.EXPIRED,
            coupons_events.REVOKED,
            obligations_events.FULFILMENT_CANCELLED,
        ):
            subscribe(kind, subscribers.on_award_lapsed, position=950)

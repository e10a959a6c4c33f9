from django.apps import AppConfig


class RewardsConfig(AppConfig):
    name = "apps.rewards"
    verbose_name = "Rewards"

    def ready(self) -> None:
        from apps.campaigns import effects as campaign_effects
        from apps.campaigns import granting as campaign_granting
        from apps.core import invariants as core_invariants
        from apps.core import sweepers
        from apps.core.subscriptions import subscribe
        from apps.coupons import events as coupons_events
        from apps.groupbuy import events as groupbuy_events
        from apps.invites import events as invites_events
        from apps.obligations import events as obligations_events
        from apps.orders import events as orders_events
        from apps.rewards import effects, events, invariants, services, subscribers, supposing
        from apps.tiers import events as tiers_events

        campaign_effects.register(*effects.EFFECTS)
        campaign_effects.register_parts(effects.budget_parts)
        campaign_granting.register(supposing.would_keep_back)
        core_invariants.register(*invariants.REWARDS)
        sweepers.register("goodwill to make", services.goodwill_make)
        sweepers.register("grants to settle", services.grants_settle)
        for kind in (orders_events.PAID, orders_events.FULFILLED, orders_events.REFUNDED):
            subscribe(kind, subscribers.on_order_changed, position=10)
        subscribe(groupbuy_events.ROOM_OPENED, subscribers.on_room_opened, position=10)
        subscribe(groupbuy_events.ROOM_COMPLETED, subscribers.on_room_completed, position=10)
        for kind in (invites_events.CONFIRMED, invites_events.OVERRIDDEN):
            subscribe(kind, subscribers.on_participant_fixed, position=10)
        subscribe(invites_events.ACTED, subscribers.on_participant_acted, position=10)
        subscribe(tiers_events.REACHED, subscribers.on_tier_reached, position=10)
        for kind in (
            coupons_events.EXPIRED,
            coupons_events.REVOKED,
            obligations_events.FULFILMENT_CANCELLED,
        ):
            subscribe(kind, subscribers.on_award_lapsed, position=10)
        subscribe(events.DECISION_DUE, subscribers.on_decision_due, position=10)

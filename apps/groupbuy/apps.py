from django.apps import AppConfig


class GroupbuyConfig(AppConfig):
    name = "apps.groupbuy"
    verbose_name = "Group buying"

    def ready(self) -> None:
        from apps.campaigns import effects as campaign_effects
        from apps.core import invariants as core_invariants
        from apps.core import sweepers
        from apps.groupbuy import effects, invariants, services

        campaign_effects.register(*effects.EFFECTS)
        campaign_effects.register_parts(effects.budget_parts)
        core_invariants.register(*invariants.GROUPBUY)
        sweepers.register("expired holds", services.holds_expire)
        sweepers.register("room deadlines", services.rooms_turn)
        sweepers.register("rooms of withdrawn offers", services.rooms_withdraw)
        sweepers.register("step prices", services.steps_settle)
        sweepers.register("group discounts", services.discounts_follow)

from django.apps import AppConfig


class GroupbuyConfig(AppConfig):
    name = "apps.groupbuy"
    verbose_name = "Group buying"

    def ready(self) -> None:
        from apps.core import invariants as core_invariants
        from apps.core import sweepers
        from apps.groupbuy import invariants, services

        core_invariants.register(*invariants.GROUPBUY)
        sweepers.register("expired holds", services.holds_expire)
        sweepers.register("room deadlines", services.rooms_turn)

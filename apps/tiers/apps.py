from django.apps import AppConfig


class TiersConfig(AppConfig):
    name = "apps.tiers"
    verbose_name = "Tiers"

    def ready(self) -> None:
        from apps.core import invariants as core_invariants
        from apps.core import sweepers
        from apps.tiers import invariants, services

        core_invariants.register(*invariants.TIERS)
        sweepers.register("tiers to look at", services.memberships_sweep)

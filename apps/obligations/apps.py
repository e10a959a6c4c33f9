from django.apps import AppConfig


class ObligationsConfig(AppConfig):
    name = "apps.obligations"
    verbose_name = "What the shop owes"

    def ready(self) -> None:
        from apps.core import invariants as core_invariants
        from apps.core import sweepers
        from apps.obligations import invariants, services

        core_invariants.register(*invariants.OBLIGATIONS)
        sweepers.register("statements to make", services.payouts_sweep)

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "apps.campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        from apps.campaigns import invariants, services
        from apps.core import invariants as core_invariants
        from apps.core import sweepers

        core_invariants.register(*invariants.CAMPAIGNS)
        sweepers.register("campaigns", services.campaigns_turn)

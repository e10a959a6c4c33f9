from django.apps import AppConfig


class InvitesConfig(AppConfig):
    name = "apps.invites"
    verbose_name = "Links and the referral chain"

    def ready(self) -> None:
        from apps.campaigns import effects as campaign_effects
        from apps.core import invariants as core_invariants
        from apps.core import sweepers
        from apps.invites import effects, invariants, services

        campaign_effects.register(*effects.EFFECTS)
        core_invariants.register(*invariants.INVITES)
        sweepers.register("kept orders", services.participants_qualify)
        sweepers.register("salts of visitors", services.salts_forget)

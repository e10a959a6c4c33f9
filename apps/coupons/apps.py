from django.apps import AppConfig


class CouponsConfig(AppConfig):
    name = "apps.coupons"
    verbose_name = "Coupons"

    def ready(self) -> None:
        from apps.core import invariants as core_invariants
        from apps.core import sweepers
        from apps.coupons import invariants, services

        core_invariants.register(*invariants.COUPONS)
        sweepers.register("coupon reservations", services.reservations_expire)
        sweepers.register("coupons that run out", services.coupons_expire)
        sweepers.register("coupons held for guests", services.claims_expire)

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "apps.orders"
    verbose_name = "Orders"

    def ready(self) -> None:
        from apps.core import invariants as core_invariants
        from apps.orders import invariants

        core_invariants.register(*invariants.ORDERS)

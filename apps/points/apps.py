from django.apps import AppConfig


class PointsConfig(AppConfig):
    name = "apps.points"
    verbose_name = "Points"

    def ready(self) -> None:
        from apps.core import invariants, sweepers
        from apps.points import services
        from apps.points.invariants import POINTS

        invariants.register(*POINTS)
        sweepers.register("reservations of points", services.reservations_expire)
        sweepers.register("expired points", services.points_expire)
        sweepers.register("points about to expire", services.points_announce)

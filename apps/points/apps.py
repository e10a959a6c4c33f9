from django.apps import AppConfig


class PointsConfig(AppConfig):
    name = "apps.points"
    verbose_name = "Points"

    def ready(self) -> None:
        from apps.core import invariants
        from apps.points.invariants import POINTS

        invariants.register(*POINTS)

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "apps.reports"
    verbose_name = "Reports"

    def ready(self) -> None:
        from apps.core import sweepers
        from apps.reports import services

        sweepers.register("programme report", services.programmes_due)

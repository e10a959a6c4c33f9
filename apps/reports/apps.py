from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "apps.reports"
    verbose_name = "Reports"

    def ready(self) -> None:
        from apps.core import sweepers
        from apps.reports.services import alerting

        sweepers.register("alerts", alerting.alerts_find)

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "apps.imports"
    verbose_name = "Imports"

    def ready(self) -> None:
        from apps.core import sweepers
        from apps.imports import services

        sweepers.register("uploads to forget", services.uploads_forget)

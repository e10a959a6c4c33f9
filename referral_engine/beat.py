"""Beat's schedule: what the code defines, kept apart from what operators add."""

from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

CODE_DEFINED = "engine: "


class EngineScheduler(DatabaseScheduler):
    """Names that start with "engine: " belong to the code; all other entries to the operators.

    Code-defined entries that are no longer in the settings are deleted at start: django-celery-beat
    would otherwise fire them for ever.
    """

    def setup_schedule(self) -> None:
        wanted = set(self.app.conf.beat_schedule)
        self.Model.objects.filter(name__startswith=CODE_DEFINED).exclude(name__in=wanted).delete()
        super().setup_schedule()

    def install_default_entries(self, data: Any) -> None:
        """None: the engine keeps no Celery results that beat would have to expire."""

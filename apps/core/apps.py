from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "apps.core"
    verbose_name = "Event log"

    def ready(self) -> None:
        # So that `shared_task` finds the broker in every process, not only in Celery's own.
        import referral_engine.celery  # noqa: F401
        from apps.core import invariants, services, sweepers

        sweepers.register("idempotent replies", services.replies_purge)
        invariants.register(*invariants.CORE)

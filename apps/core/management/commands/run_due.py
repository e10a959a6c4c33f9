from typing import Any

from django.core.management.base import BaseCommand

from apps.core import services, sweepers


class Command(BaseCommand):
    help = "Do by hand, once, what beat has a worker do every second."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, count in sweepers.run_due().items():
            self.stdout.write(f"{name}: {count}")
        self.stdout.write(f"events: {services.events_process()}")

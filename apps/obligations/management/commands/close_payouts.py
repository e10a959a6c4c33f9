"""Make statements of all that is due, now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.core import clock
from apps.obligations import services


class Command(BaseCommand):
    help = "Make a statement for every member and currency with enough due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--test", action="store_true", help="For test members.")
        parser.add_argument("--minimum", type=int, help="In minor units; by default the plan's.")

    def handle(self, *args: Any, **options: Any) -> None:
        is_test = options["test"]
        minimum = options["minimum"] or services.plan_open(is_test=is_test).minimum_minor
        made = services.payouts_close(now=clock.now(), is_test=is_test, minimum_minor=minimum)
        self.stdout.write(f"{made} statements made.")

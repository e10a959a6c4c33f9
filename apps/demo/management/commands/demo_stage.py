"""Prepare the engine for a demo and print, as JSON, what its shop needs to know."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.core import clock
from apps.core.transactions import retrying
from apps.demo import services


class Command(BaseCommand):
    help = (
        "Set the stage for a data set: operator, server key, webhook endpoint, campaigns, offers. "
        "Prints one JSON document; the operator's password is in it only when she is new."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data-name", required=True, help="how the campaign calls the data")
        parser.add_argument("--digest", required=True, help="of the data's whole content")
        parser.add_argument("--sizes", default="2", help="room sizes, as in 2,3,5")
        parser.add_argument("--shop-url", required=True, help="takes /webhooks and /join")
        parser.add_argument("--hold-seconds", type=int, default=20, help="of every policy")

    def handle(self, **options: Any) -> None:
        stage = retrying(
            lambda: services.stage_set(
                data_name=options["data_name"],
                digest8=options["digest"][:8],
                sizes=frozenset(int(size) for size in options["sizes"].split(",")),
                shop_url=options["shop_url"],
                hold_seconds=options["hold_seconds"],
                now=clock.now(),
            )
        )
        self.stdout.write(stage.to_json())

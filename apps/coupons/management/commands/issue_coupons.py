"""Make many codes of a template, with a progress bar, into a CSV file."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from apps.core import clock
from apps.core.csv_export import csv_pieces
from apps.core.errors import EngineError
from apps.core.transactions import retrying
from apps.coupons import services
from apps.coupons.models import Batch


class Command(BaseCommand):
    """`manage.py issue_coupons tpl_… 100000 --csv codes.csv`"""

    help = "Make COUNT codes of TEMPLATE (tpl_…) that belong to nobody yet, and write them as CSV."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("template", help="the template's id, tpl_…")
        parser.add_argument("count", type=int)
        parser.add_argument("--csv", default="-", help="file to write; default: standard output")
        parser.add_argument(
            "--key", default="", help="names the batch; the same again goes on where it stopped"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        key = options["key"] or f"command:{uuid.uuid4().hex}"
        try:
            batch = retrying(
                lambda: services.batch_order(
                    template=options["template"],
                    count=options["count"],
                    key=key,
                    ordered_by=None,
                    now=clock.now(),
                )
            )
            self._write(batch, options["csv"])
        except EngineError as error:
            raise CommandError(f"{error} (batch key: {key})") from error
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted. Go on with --key {key}") from None
        self.stderr.write(f"{batch.wanted} codes of {options['template']}, batch key {key}")

    def _write(self, batch: Batch, path: str) -> None:
        with ExitStack() as open_files:
            out: IO[str] = sys.stdout
            if path != "-":
                out = open_files.enter_context(open(path, "w", encoding="utf-8", newline=""))
            bar = open_files.enter_context(
                Progress(
                    TextColumn("{task.description}"),
                    BarColumn(),
                    MofNCompleteColumn(),
                    TimeRemainingColumn(),
                    console=Console(stderr=True),
                )
            )
            rows = _counted(batch, bar)
            for piece in csv_pieces(("code", "expires_at"), rows):
                out.write(piece)


def _counted(batch: Batch, bar: Progress) -> Iterator[tuple[Any, ...]]:
    task = bar.add_task("Making codes", total=batch.wanted)
    for number, row in enumerate(services.batch_rows(batch=batch, now=clock.now()), 1):
        yield row
        if number % 500 == 0 or number == batch.wanted:
            bar.update(task, completed=number)

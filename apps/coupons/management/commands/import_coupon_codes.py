"""Import the codes of an outside system into a template's pool."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from apps.core.csv_export import csv_pieces
from apps.core.errors import EngineError
from apps.core.transactions import retrying
from apps.coupons import services
from apps.coupons.rules import first_cell
from apps.coupons.selectors import template_by_public_id

CHUNK = 5_000
REFUSED_SHOWN = 20


class Command(BaseCommand):
    """`manage.py import_coupon_codes tpl_… codes.csv --refused refused.csv`"""

    help = "Import codes (one per line, the first column of a CSV) into the pool of TEMPLATE."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("template", help="the template's id, tpl_…")
        parser.add_argument("file", type=Path)
        parser.add_argument("--refused", type=Path, help="write the refused lines here, as CSV")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        refused: list[services.RefusedCode] = []
        try:
            template = template_by_public_id(options["template"])
            imported = 0
            for chunk in _chunks(file):
                added, faults = retrying(
                    lambda chunk=chunk: services.pool_import(  # type: ignore[misc]
                        template_id=template.pk, lines=chunk
                    )
                )
                imported += added
                refused += faults
        except EngineError as error:
            raise CommandError(str(error)) from error
        self._report(imported, refused, options["refused"])

    def _report(
        self, imported: int, refused: list[services.RefusedCode], path: Path | None
    ) -> None:
        self.stdout.write(f"{imported} codes imported, {len(refused)} lines refused.")
        for row in refused[:REFUSED_SHOWN]:
            self.stdout.write(f"  line {row.line}: {row.code!r}: {row.why}")
        if path is not None:
            rows = ((row.line, row.code, row.why) for row in refused)
            with path.open("w", encoding="utf-8", newline="") as out:
                out.writelines(csv_pieces(("line", "code", "why"), rows))


def _chunks(file: Path) -> Iterator[list[tuple[int, str]]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=Console(stderr=True)) as bar,
        file.open("rb") as source,
    ):
        task = bar.add_task("Importing codes", total=file.stat().st_size)
        lines = enumerate(source, 1)
        while chunk := list(itertools.islice(lines, CHUNK)):
            yield [(number, first_cell(raw)) for number, raw in chunk]
            bar.update(task, completed=source.tell())

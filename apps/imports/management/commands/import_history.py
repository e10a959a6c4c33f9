"""Bring members, balances, tiers or old referrers in from a CSV file, without rewards."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import campaign_by_public_id
from apps.core import clock
from apps.core.csv_export import csv_pieces
from apps.core.errors import EngineError
from apps.imports import services
from apps.imports.rules import FileUnreadable, ImportKind


class Command(BaseCommand):
    """`manage.py import_history members.csv --kind members --dry-run`"""

    help = "Bring FILE in. Run twice it changes nothing; refused lines are written to a report."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", required=True, choices=list(ImportKind))
        parser.add_argument("--campaign", default="", help="for referrers: cmp_…")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, report all")
        parser.add_argument("--test", action="store_true", help="into test mode")
        parser.add_argument(
            "--refused", type=Path, help="the report; default: beside FILE, FILE.refused.csv"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        report: Path = options["refused"] or file.with_name(f"{file.name}.refused.csv")
        tally = services.Tally()
        try:
            order = self._order(options)
            with report.open("w", encoding="utf-8", newline="") as out:
                rows = _rows(file, order, tally)
                out.writelines(csv_pieces(("line", "field", "reason"), rows))
        except (FileUnreadable, EngineError) as error:
            raise CommandError(str(error)) from error
        self._say(tally, report, dry_run=order.dry_run)

    def _order(self, options: dict[str, Any]) -> services.Order:
        kind = ImportKind(options["kind"])
        if (kind is ImportKind.REFERRERS) != bool(options["campaign"]):
            raise CommandError("--campaign goes with --kind referrers, and only with it.")
        campaign: Campaign | None = None
        if options["campaign"]:
            campaign = campaign_by_public_id(options["campaign"])
        return services.Order(
            kind=kind,
            is_test=campaign.is_test if campaign else options["test"],
            now=clock.now(),
            campaign=campaign,
            dry_run=options["dry_run"],
        )

    def _say(self, tally: services.Tally, report: Path, *, dry_run: bool) -> None:
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"{tally.applied} {would}brought in, {tally.unchanged} known already, "
            f"{tally.refused} refused."
        )
        if tally.refused:
            self.stdout.write(f"Why: {report}")
        else:
            report.unlink()


def _rows(
    file: Path, order: services.Order, tally: services.Tally
) -> Iterator[tuple[int, str, str]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with (
        Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar,
        file.open("rb") as raw,
    ):
        task = bar.add_task(f"Importing {order.kind}", total=file.stat().st_size)
        counted = _Counted(raw, lambda: bar.update(task, completed=raw.tell()))
        source = io.TextIOWrapper(counted, encoding="utf-8-sig", errors="replace", newline="")
        for row in services.history_import(source=source, order=order, tally=tally):
            yield (row.line, row.field, row.reason)


class _Counted(io.BufferedReader):
    """A file that tells how far it was read."""

    def __init__(self, raw: Any, moved: Any) -> None:
        super().__init__(raw)
        self._moved = moved

    def read1(self, size: int = -1) -> bytes:
        self._moved()
        return super().read1(size)

"""Count a campaign's report, or all, from the base tables."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import campaign_by_public_id
from apps.core import clock
from apps.core.errors import EngineError
from apps.core.transactions import retrying
from apps.reports import services


class Command(BaseCommand):
    """`manage.py rebuild_reports --campaign cmp_…`"""

    help = "Count the rollups of reports anew from the base tables, while everything runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", default="", help="cmp_…; default: all, one by one")

    def handle(self, *args: Any, **options: Any) -> None:
        campaigns = self._asked(options["campaign"])
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        counted = 0
        with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
            for campaign in campaigns:
                counted += _rebuild(campaign, bar)
        self.stdout.write(f"{len(campaigns)} campaigns, {counted} participants counted.")

    def _asked(self, public_id: str) -> list[Campaign]:
        published = Campaign.objects.exclude(status=Campaign.Status.DRAFT)
        if not public_id:
            return list(published.order_by("pk"))
        try:
            return [campaign_by_public_id(public_id)]
        except EngineError as error:
            raise CommandError(str(error)) from error


def _rebuild(campaign: Campaign, progress: Progress) -> int:
    task = progress.add_task(escape(campaign.name), total=None)

    def tell(done: int, parts: int) -> None:
        progress.update(task, completed=done, total=parts)

    return retrying(
        lambda: services.campaign_rebuild(campaign_id=campaign.pk, now=clock.now(), tell=tell)
    )

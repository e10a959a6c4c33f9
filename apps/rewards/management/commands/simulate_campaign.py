"""What other policies would have given in the last days of a campaign."""

from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from apps.campaigns.models import Campaign
from apps.core import clock
from apps.core.errors import EngineError
from apps.core.templatetags.money import money
from apps.rewards import simulation
from apps.rewards.previewing import draft_promise, published_promise
from apps.rewards.simulation import MOST_DAYS, Question, Simulated
from apps.rewards.telling import ChangeRow, Told, told


class Command(BaseCommand):
    """`manage.py simulate_campaign cmp_… --days 30 --draft`"""

    help = "Replay the last days of CAMPAIGN (cmp_…) and say what would have been granted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("campaign", help="the campaign's id, cmp_…")
        parser.add_argument("--days", type=int, default=30, help="how many, today included")
        parser.add_argument(
            "--draft", action="store_true", help="by the policies as they are edited now"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= MOST_DAYS:
            raise CommandError(f"Between 1 and {MOST_DAYS} days can be replayed.")
        campaigns = Campaign.objects.select_related("published_version")
        campaign = campaigns.filter(public_id=options["campaign"]).first()
        if campaign is None:
            raise CommandError(f"There is no campaign {options['campaign']}.")
        try:
            promise = draft_promise(campaign) if options["draft"] else published_promise(campaign)
        except EngineError as error:
            raise CommandError(str(error)) from error
        question = simulation.question_of(
            campaign, promise.terms, promise.variants, days=options["days"], now=clock.now()
        )
        console = Console(file=cast(IO[str], self.stdout))
        for table in _tables(told(_run(question))):
            console.print(table)


def _run(question: Question) -> Simulated:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("Replaying", total=None)
        for step in simulation.simulation_run(question):
            if isinstance(step, Simulated):
                return step
            bar.update(task, completed=step.done, total=step.total)
    raise AssertionError("a simulation ends with its result")


def _tables(result: Told) -> list[Table]:
    figures = _table(result.title, "really", "would have")
    for figure in result.figures:
        figures.add_row(figure.words, figure.really, figure.would)
    policies = _table("Policy", "really", "cost", "would have", "cost")
    for row in result.policies:
        really, would = row.really, row.would
        policies.add_row(
            row.name,
            f"{really.grants:,}",
            money(really.cost_minor, result.currency),
            f"{would.grants:,}",
            money(would.cost_minor, result.currency),
        )
    refused = _table("Refused", "would have been")
    for words, count in result.refused:
        refused.add_row(words, f"{count:,}")
    return [
        figures,
        policies,
        refused,
        _changes(f"Gain: {result.gainers:,}", result.top_gainers),
        _changes(f"Lose: {result.losers:,}", result.top_losers),
    ]


def _changes(title: str, rows: tuple[ChangeRow, ...]) -> Table:
    table = _table(title, "really", "would have", "difference")
    for row in rows:
        table.add_row(row.member, row.really, row.would, row.difference)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    return table

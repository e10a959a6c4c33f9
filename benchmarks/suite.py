"""All cases, one after the other. To be imported after `django.setup()`."""

from collections.abc import Callable
from contextlib import ExitStack, closing

from django.core.management import call_command
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import (
    binding,
    coupons,
    events,
    ledger,
    offers,
    points,
    report,
    seats,
    stories,
    tiers,
    visits,
)
from benchmarks.arena import Arena
from benchmarks.database import Database
from benchmarks.engine import served
from benchmarks.options import Options
from benchmarks.rounds import Case, Result, contest

CASES: dict[str, Callable[[Arena], Case]] = {
    "visits": visits.make_case,
    "bind": binding.make_case,
    **{f"bind-service-{depth}": binding.make_service_case(depth) for depth in binding.ENDS},
    **{f"bind-{depth}": binding.make_statement_case(depth) for depth in binding.DEPTHS},
    "seats-hot": seats.make_hot_case,
    "seats-many": seats.make_many_case,
    "offer-hot": offers.make_hot_case,
    "events": events.make_case,
    "points-spend": points.make_spend_case,
    "points-pair": points.make_pair_case,
    "coupon-redeem": coupons.make_case,
    "ledger": ledger.make_case,
    "tiers": tiers.make_case,
}


def run(options: Options, url: str, server_url: str) -> None:
    """Migrate, serve, measure, and tell, as a table and as JSON. Raises BenchmarkError."""
    console = Console()
    with closing(Database(url)) as database, _progress(console) as progress:
        call_command("migrate", verbosity=0)
        told = [stories.tell(name, options, server_url, progress) for name in options.stories]
        results = _measure(options, database, progress) if options.only else []
        machine = report.machine(database, options)
    report.show(console, results, told, machine)
    report.write(options.json, results, told, machine)


def _measure(options: Options, database: Database, progress: Progress) -> list[Result]:
    results = []
    task = progress.add_task("", total=len(options.only) * 2 * (options.rounds + 1))
    with served() as server:
        for name in options.only:
            progress.update(task, description=name)
            with ExitStack() as stack:
                arena = Arena(
                    database,
                    server.address,
                    server.pid,
                    options.connections,
                    stack,
                )
                results.append(
                    contest(
                        CASES[name](arena),
                        database,
                        options.rounds,
                        options.seconds,
                        lambda: progress.advance(task),
                        rest=options.rest,
                    )
                )
    return results


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<13}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console, transient=True)

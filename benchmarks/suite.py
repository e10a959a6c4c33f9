"""All cases, one after the other. To be imported after `django.setup()`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from django.core.management import call_command
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import coupons, events, ledger, points, report, seats, tiers, visits
from benchmarks.arena import Arena
from benchmarks.database import Database
from benchmarks.engine import served
from benchmarks.options import Options
from benchmarks.rounds import Case, Result, contest

CASES: dict[str, Callable[[Arena], Case]] = {
    "visits": visits.make_case,
    "seats-hot": seats.make_hot_case,
    "seats-many": seats.make_many_case,
    "events": events.make_case,
    "points-spend": points.make_spend_case,
    "points-pair": points.make_pair_case,
    "coupon-redeem": coupons.make_case,
    "ledger": ledger.make_case,
    "tiers-million": tiers.make_case,
}


def run(options: Options, url: str) -> None:
    """Migrate, serve, measure, and tell, as a table and as JSON. Raises BenchmarkError."""
    console = Console()
    with closing(Database(url)) as database:
        call_command("migrate", verbosity=0)
        results = _measure(options, database, console)
        machine = report.machine(database, options)
    report.show(console, results, machine)
    report.write(options.json, results, machine)


def _measure(options: Options, database: Database, console: Console) -> list[Result]:
    results = []
    with served() as server, _progress(console, options) as (now, on_round):
        for name in options.only:
            now(name)
            with ExitStack() as stack:
                arena = Arena(
                    database,
                    server.address,
                    server.pid,
                    options.connections,
                    options.members,
                    stack,
                )
                case = CASES[name](arena)
                results.append(contest(case, database, options.rounds, options.seconds, on_round))
    return results


@contextmanager
def _progress(
    console: Console, options: Options
) -> Iterator[tuple[Callable[[str], None], Callable[[], None]]]:
    """A bar of all rounds; yields what to call with a case's name, and after each round."""
    columns = (TextColumn("{task.description:<13}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("", total=len(options.only) * 2 * (options.rounds + 1))
        yield (
            lambda name: progress.update(task, description=name),
            lambda: progress.advance(task),
        )

"""What is told once, and not measured in rounds: each in a database of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.progress import Progress

from apps.demo.history import HistoryRefused
from benchmarks import anatomy, oversell, reading, referrals, replay, scale, seats, tiers
from benchmarks.database import Database
from benchmarks.errors import BenchmarkError
from benchmarks.options import Options
from benchmarks.whereabouts import own_database


@dataclass(frozen=True)
class Story:
    """What came of it: lines for people, and figures for programs."""

    name: str
    title: str
    lines: tuple[str, ...]
    told: dict[str, Any]


def tell(name: str, options: Options, server_url: str, progress: Progress) -> Story:
    """Do what a story is about, and tell it. Raises BenchmarkError when a promise was broken."""
    with own_database(server_url) as url:
        return STORIES[name](options, url, progress)


def _replayed(options: Options, url: str, progress: Progress) -> Story:
    if not replay.DATA.exists():
        absent = f"left out: the groups are not here: {replay.DATA}"
        return Story("replay-groups", "real groups by the services", (absent,), {"absent": True})
    try:
        groups = replay.chosen(replay.DATA, options.groups)
    except HistoryRefused as error:
        raise BenchmarkError(f"replay-groups: {error}") from None
    task = progress.add_task("replay-groups", total=None)
    done = replay.replay(groups, url, lambda acts: progress.update(task, total=acts, advance=1))
    progress.remove_task(task)
    wanted = replay.wanted(groups)
    if done.figures != wanted or done.breaches:
        raise BenchmarkError(
            f"replay-groups: {done.figures}, not {wanted}; {done.breaches or 'promises kept'}"
        )
    ceiling = _ceiling(options, url)
    told = done.told() | {"ceiling_seats_per_second": round(ceiling, 1)}
    times = told["milliseconds"]
    figures = done.figures
    return Story(
        "replay-groups",
        f"{len(groups):,} real groups by {replay.CLIENTS} clients that call the services",
        (
            (
                f"{figures.completed:,} completed, {figures.failed:,} failed, {figures.seats:,} seats "
                f"sold, {figures.refund_orders:,} refund orders, {figures.left:,} pieces given back: "
                "all as in the history; every invariant holds"
            ),
            (
                f"{done.seats_per_second:,.0f} seats held and paid per second in {done.seconds:,.0f} s; "
                f"the ceiling holds {ceiling:,.0f} (and pays none): "
                f"{done.seats_per_second / ceiling:.3f}"
            ),
            (
                f"hold p50 {times['hold']['p50']:g} ms, p95 {times['hold']['p95']:g} ms; "
                f"payment p50 {times['pay']['p50']:g} ms, p95 {times['pay']['p95']:g} ms"
            ),
            f"{done.mebibytes:,.0f} MiB at most in {replay.CLIENTS} clients and the sweeper",
        ),
        told,
    )


def _ceiling(options: Options, url: str) -> float:
    """Seats per second by the least SQL that holds one, by as many clients, after the replay."""
    database = Database(url)
    try:
        side = seats.make_many_ceiling(database, replay.CLIENTS)
        side.prepare(int(side.guess * max(options.seconds, side.least_seconds) * 5))
        return side.run(options.seconds).rate
    finally:
        database.close()


def _oversold(options: Options, url: str, progress: Progress) -> Story:
    task = progress.add_task("oversell", total=2 * options.runs)
    ours, shops = oversell.contest(options.runs, url, lambda: progress.advance(task))
    progress.remove_task(task)
    if set(ours.sold) != {oversell.STOCK}:
        raise BenchmarkError(f"oversell: runs sold {sorted(set(ours.sold))} of {oversell.STOCK}")
    told = {"engine": ours.told(), "django_oscar": shops.told() if shops else None}
    return Story(
        "oversell",
        f"{options.runs} runs of {oversell.CLIENTS} processes on a stock of {oversell.STOCK}, "
        f"each with {oversell.TRIES} buyers",
        (
            f"engine: {ours.line()}",
            f"django-oscar {shops.version}: {shops.line()}" if shops else oversell.NO_SHOP,
        ),
        told,
    )


def _dissected(_options: Options, _url: str, progress: Progress) -> Story:
    task = progress.add_task("anatomy", total=2 * (anatomy.ACTS + anatomy.WATCHED))
    parts = anatomy.dissect(lambda: progress.advance(task))
    progress.remove_task(task)
    return Story(
        "anatomy",
        "processor time and statements of a seat held, and of one paid, through the API",
        tuple(line for part in parts for line in part.lines()),
        {part.name: part.told() for part in parts},
    )


def _swept(options: Options, url: str, progress: Progress) -> Story:
    task = progress.add_task("tiers-million", total=2 * options.members)
    database = Database(url)
    try:
        swept = tiers.sweep(database, options.members, lambda n: progress.advance(task, n))
    finally:
        database.close()
        progress.remove_task(task)
    return Story(
        "tiers-million",
        f"{swept.members:,} members whose period ends on one day, swept to the last by one process",
        (
            (
                f"{swept.seconds:,.0f} s: {swept.members / swept.seconds:,.0f} per second, every one "
                f"moved on; {swept.mebibytes:,.0f} MiB at most"
            ),
            (
                f"one statement for all of them: {swept.statement_seconds:,.0f} s; "
                f"{swept.statement_seconds / swept.seconds:.3f}"
            ),
        ),
        swept.told(),
    )


def _beside_a_peer(options: Options, url: str, progress: Progress) -> Story:
    task = progress.add_task("referrals", total=None)
    opened = referrals.contest(options, url)
    progress.remove_task(task)
    title = "links opened, each durable, beside pinax-referrals' response view"
    if opened is None:
        return Story("referrals", title, (referrals.NO_PEER,), {"absent": True})
    ours, theirs = opened
    times = median(ours.rates) / median(theirs.rates)
    line = (
        f"engine {median(ours.rates):,.0f} per second, {referrals.PINAX} "
        f"{median(theirs.rates):,.0f}: {times:.1f} times"
    )
    told = {"engine": ours.told(), "pinax": theirs.told(), "times": round(times, 2)}
    return Story("referrals", title, (line,), told)


def _scaled(options: Options, url: str, progress: Progress) -> Story:
    task = progress.add_task("scale-links", total=None)
    found = scale.measure(options, url)
    progress.remove_task(task)
    title = "opening a link, binding and the tree where there are few links, and very many"
    return Story("scale-links", title, found.lines(), found.told())


def _read(options: Options, url: str, progress: Progress) -> Story:
    task = progress.add_task("reports", total=None)
    found = reading.measure(options, url, lambda what: progress.update(task, description=what))
    progress.remove_task(task)
    title = f"the report of a campaign of {found.visits:,} visits and {found.participants:,} participants"
    return Story("reports", title, found.lines(), found.told())


STORIES: dict[str, Callable[[Options, str, Progress], Story]] = {
    "replay-groups": _replayed,
    "oversell": _oversold,
    "anatomy": _dissected,
    "tiers-million": _swept,
    "referrals": _beside_a_peer,
    "scale-links": _scaled,
    "reports": _read,
}

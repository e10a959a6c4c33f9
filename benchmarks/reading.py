"""The report of a very large campaign: read from rollups, built anew, and counted from its rows.

The same counts are made by PostgreSQL from the base tables, and by DuckDB in one pass over a copy of
the same rows. All three must find the same.
"""

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.orders.models import MarginRate
from apps.reports import services
from apps.reports.models import SOURCES, Journal, Moment
from apps.reports.selectors import rolled, whole_report
from benchmarks import pgbench, stage
from benchmarks.database import Database
from benchmarks.errors import BenchmarkError
from benchmarks.memory import Peak
from benchmarks.options import BASE_DIR, Options

DUCKDB = "duckdb==2.0.1"
HOME = BASE_DIR / "var/duckdb"
SCRIPT = Path(__file__).with_name("duck.py")
NO_DUCKDB = f"{DUCKDB} was not asked for, or could not be had"

VISITS_EACH = 10
GENERATIONS = (20, 25, 22, 18, 15)  # per cent of the participants
AT_ONCE = 1_000_000
WINDOW = dt.timedelta(days=7)
READS = 21

# For PostgreSQL with the engine's names, for DuckDB with its own; each sums to a number in its last
# column.
_COUNTS = {
    "participants": """
        SELECT p.generation, date_trunc('day', p.confirmed_at), coalesce(c.referees, 0), count(*)
        FROM participant p LEFT JOIN (
            SELECT c.referrer_id, count(*) AS referees
            FROM participant c JOIN participant r ON r.id = c.referrer_id
            WHERE c.confirmed_at < r.confirmed_at + interval '10081 minutes' GROUP BY 1
        ) c ON c.referrer_id = p.id
        WHERE p.confirmed_at IS NOT NULL GROUP BY 1, 2, 3""",
    "referees": """
        SELECT r.generation, coalesce(r.root_id, r.id) % 64, date_trunc('day', r.confirmed_at), count(*)
        FROM participant c JOIN participant r ON r.id = c.referrer_id
        WHERE c.confirmed_at < r.confirmed_at + interval '10081 minutes' GROUP BY 1, 2, 3""",
    "pairs": """
        SELECT date_trunc('day', r.confirmed_at), date_trunc('hour', c.confirmed_at - r.confirmed_at),
               count(*)
        FROM participant c JOIN participant r ON r.id = c.referrer_id
        WHERE c.confirmed_at < r.confirmed_at + interval '10081 minutes' GROUP BY 1, 2""",
    "visits": """
        SELECT date_trunc('day', v.opened_at), count(*) FILTER (WHERE v.skipped <> ''),
               count(*) FILTER (WHERE v.skipped = '')
        FROM visit v JOIN link l ON l.id = v.link_id JOIN participant p ON p.id = l.participant_id
        GROUP BY 1""",
    "sharers": """
        SELECT count(*) FROM participant p WHERE p.id IN (
            SELECT l.participant_id FROM link l JOIN visit v ON v.link_id = l.id WHERE v.skipped = '')""",
    "margins": """
        SELECT date_trunc('day', o.occurred_at), l.margin_minor IS NULL, sum(l.amount_minor),
               sum(coalesce(l.margin_minor, l.amount_minor * 0.25))
        FROM bought o JOIN line l ON l.order_id = o.id WHERE o.refunded_minor = 0 GROUP BY 1, 2""",
    "promised": """
        SELECT date_trunc('day', g.granted_at), g.status, count(*), sum(g.cost_minor)
        FROM reward g GROUP BY 1, 2""",
    "settled": """
        SELECT date_trunc('day', g.settled_at), count(*), sum(g.cost_minor)
        FROM reward g WHERE g.settled_at IS NOT NULL GROUP BY 1""",
}
# What the names stand for in PostgreSQL.
_TABLES = {
    "participant": "(SELECT * FROM invites_participant WHERE campaign_id = {campaign})",
    "link": "invites_link",
    "visit": "invites_visit",
    "bought": """(SELECT o.* FROM orders_order o JOIN invites_campaignorder co ON co.order_id = o.id
        WHERE co.campaign_id = {campaign})""",
    "line": "orders_orderline",
    "reward": "(SELECT * FROM rewards_grant WHERE campaign_id = {campaign})",
}


@dataclass(frozen=True)
class Cost:
    """Seconds, the median of some, and what the process or session held at most."""

    seconds: float
    mebibytes: float

    def told(self) -> dict[str, float]:
        return {"seconds": round(self.seconds, 5), "mebibytes": round(self.mebibytes, 1)}


@dataclass(frozen=True)
class Readings:
    """Of one campaign. `page` is the whole report, whatever is read and reckoned for it; `counts` what
    of it is read from rollups; `first` a page of which nobody has counted anything ahead."""

    visits: int
    participants: int
    orders: int
    page: Cost
    first: Cost
    counts: Cost
    rebuild: Cost
    postgresql: Cost
    duckdb: Cost | None

    def lines(self) -> tuple[str, ...]:
        duck = self.duckdb
        return (
            f"the whole page, statistics and all: {_took(self.page)}",
            f"counts alone, read from rollups: {_took(self.counts)}",
            f"the same counts from the rows, by PostgreSQL: {self._beside(self.postgresql)}",
            f"by DuckDB in one pass over a copy: {self._beside(duck) if duck else NO_DUCKDB}",
            f"a page of which nothing was counted ahead: {_took(self.first)}",
            f"rollups built anew: {_took(self.rebuild)}",
        )

    def _beside(self, raw: Cost) -> str:
        pages, counts = raw.seconds / self.page.seconds, raw.seconds / self.counts.seconds
        return f"{_took(raw)}, {pages:,.1f} times the page, {counts:,.1f} times the counts"

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "visits": self.visits,
            "participants": self.participants,
            "orders": self.orders,
        }
        for name in ("page", "first", "counts", "rebuild", "postgresql", "duckdb"):
            cost = getattr(self, name)
            told[name] = cost and cost.told()
        return told


def _took(cost: Cost) -> str:
    return f"{cost.seconds * 1000:,.1f} ms, {cost.mebibytes:,.0f} MiB"


def measure(options: Options, url: str, tell: Callable[[str], None]) -> Readings:
    """Fill, build, read and count; `tell` says what is under way. Raises BenchmarkError when what was
    read is not what was counted."""
    campaign = stage.make_campaign(
        "Ten million visits", Trigger.JOINED, Beneficiary.MEMBER, Campaign.QualifyingAct.JOIN
    )
    people = max(options.visits // VISITS_EACH, 100)
    MarginRate.objects.create(tag="tea", rate_bps=2500)
    with closing(Database(url)) as database:
        tell("filling")
        _fill(database, campaign, people, options.visits)
        tell("rebuilding")
        rebuild = _watched(lambda: _rebuild(campaign))
        database.run("VACUUM (ANALYZE)")
        now = timezone.now()
        tell("reading")
        counts = _watched(lambda: _read(campaign, now), READS)
        first = _watched(lambda: whole_report(campaign, now=now), READS)
        services.ahead_count()
        later = timezone.now()
        page = _watched(lambda: whole_report(campaign, now=later), READS)
        tell("counting")
        counted: dict[str, int] = {}
        raw = _watched(lambda: counted.update(_count(campaign)), options.rounds)
        _compare(_read(campaign, now), counted)
        tell("DuckDB")
        duck = _duck(database, campaign, options.rounds, counted) if options.duckdb else None
        orders = database.count("orders_order")
    return Readings(options.visits, people, orders, page, first, counts, rebuild, raw, duck)


def _fill(database: Database, campaign: Campaign, people: int, visits: int) -> None:
    """A forest, its links and their visits, orders and rewards. Without foreign keys and triggers: they
    held before."""
    database.run("SET session_replication_role = replica")
    given = {"campaign_id": campaign.pk, "version_id": campaign.published_version_id}
    statement = pgbench.text("report_people")
    first = above = 0
    for generation, share in enumerate(GENERATIONS):
        place = {"generation": generation, "first": first, "above": above}
        asked = {**given, **place, "people": people * share // 100}
        [(first, above)] = database.run(statement, asked)
        database.run("ANALYZE invites_participant")
    links = {"first": database.one("SELECT min(id) FROM invites_link"), "links": people}
    for made in range(0, visits, AT_ONCE):
        asked = {**links, "made": made, "visits": min(AT_ONCE, visits - made)}
        database.run(pgbench.text("report_visits"), asked)
    for name in ("report_orders", "report_grants"):
        database.run(pgbench.text(name), {"campaign_id": campaign.pk})
    database.run("SET session_replication_role = DEFAULT")
    database.run("VACUUM (ANALYZE)")
    database.run("CHECKPOINT")
    for source, table in SOURCES.items():
        last = database.one(f"SELECT coalesce(max(id), 0) FROM {table}")
        Journal.objects.update_or_create(source=source, defaults={"settled_id": last})


def _rebuild(campaign: Campaign) -> None:
    services.campaign_rebuild(campaign_id=campaign.pk, now=timezone.now())


def _watched(work: Callable[[], Any], times: int = 1) -> Cost:
    """The median time of some runs, the first of several not counted, and the most that this process
    and its session of PostgreSQL held meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SELECT pg_backend_pid()")
        [session] = cursor.fetchone()
    seconds = []
    peak = Peak([os.getpid(), session])
    with peak:
        for _turn in range(times if times == 1 else times + 1):
            began = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - began)
    return Cost(median(seconds[1:] or seconds), peak.mebibytes)


def _read(campaign: Campaign, now: dt.datetime) -> dict[str, int]:
    """What the report reads from rollups; sums of it."""
    window = int(WINDOW.total_seconds() // 60)
    cells = rolled.cells(rolled.slots(campaign, now), window, now)
    roots = rolled.roots(campaign, window, now)
    pairs = rolled.pairs([campaign.pk], window, now)
    rolled.arrived(campaign)
    reached = rolled.reached(campaign)
    rewards = rolled.rewards(campaign)
    return {
        "participants": int(cells.people.sum()),
        "referees": int(roots.referees.sum()),
        "pairs": int(pairs.pairs.sum()),
        "visits": reached.visits,
        "sharers": reached.opened,
        "margins": int(sum(margin for _, _, _, margin, _ in rolled.sales(campaign, []))),
        "promised": sum(row.cost for row in rewards if row.moment == Moment.GRANTED),
        "settled": sum(row.cost for row in rewards if row.moment == Moment.SETTLED),
    }


def _count(campaign: Campaign) -> dict[str, int]:
    """The same from the base tables."""
    sums = {}
    with connection.cursor() as cursor:
        for name, sql in _COUNTS.items():
            for table, rows in _TABLES.items():
                sql = sql.replace(f" {table} ", f" {rows.format(campaign=campaign.pk)} ")
            cursor.execute(sql)
            sums[name] = sum(int(row[-1]) for row in cursor.fetchall())
    return sums


def _compare(ours: dict[str, int], theirs: dict[str, int]) -> None:
    if ours != theirs:
        raise BenchmarkError(f"reports: read {ours}, counted {theirs}")


def _duck(
    database: Database, campaign: Campaign, rounds: int, counted: dict[str, int]
) -> Cost | None:
    """One pass of DuckDB over a copy of the same rows; None where it cannot be had."""
    python = installed()
    if python is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _copy(database, campaign, folder)
        asked = {"counts": _COUNTS, "rounds": rounds}
        (folder / "counts.json").write_text(json.dumps(asked))
        done = subprocess.run([python, SCRIPT, folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchmarkError(f"duckdb: {done.stderr.strip().splitlines()[-1]}")
    told = json.loads(done.stdout)
    _compare(told["sums"], counted)
    return Cost(median(told["seconds"]), told["mebibytes"])


def _copy(database: Database, campaign: Campaign, folder: Path) -> None:
    wanted = {
        "participant": "SELECT id, referrer_id, root_id, generation, confirmed_at AT TIME ZONE 'UTC'"
        f" FROM invites_participant WHERE campaign_id = {campaign.pk}",
        "link": "SELECT id, participant_id FROM invites_link",
        "visit": "SELECT link_id, skipped, opened_at AT TIME ZONE 'UTC' FROM invites_visit",
        "bought": "SELECT id, refunded_minor, occurred_at AT TIME ZONE 'UTC' FROM orders_order",
        "line": "SELECT order_id, amount_minor, margin_minor FROM orders_orderline",
        "reward": "SELECT status, cost_minor, granted_at AT TIME ZONE 'UTC',"
        f" settled_at AT TIME ZONE 'UTC' FROM rewards_grant WHERE campaign_id = {campaign.pk}",
    }
    for table, query in wanted.items():
        database.export(query, folder / f"{table}.csv")


def installed() -> Path | None:
    """The Python of an environment that has DuckDB; made on first use. None when it cannot be."""
    python, done = HOME / "bin/python", HOME / DUCKDB
    if done.exists():
        return python
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", str(HOME)], [*pip, DUCKDB]):
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return None
    done.touch()
    return python

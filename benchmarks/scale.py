"""Links where there are few, and where there are very many: opening one, binding, a page of the tree."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import httpx
import psycopg
from django.db import connection
from django.test import Client
from psycopg import sql

from apps.campaigns.models import Campaign
from apps.invites.models import Link, Participant
from benchmarks import load, pgbench, stage
from benchmarks.binding import BARE, DEPTH, Line, Statement
from benchmarks.database import Database
from benchmarks.engine import Address, served
from benchmarks.errors import BenchmarkError
from benchmarks.options import Options
from benchmarks.rounds import Side
from benchmarks.visits import LINKS, PHONES, InsertedVisits, OpenedLinks

FEW = 10_000
AT_ONCE = 10_000
SESSIONS = 2
FIRSTS = 300
PAGES = 200
DEEP = 10_000

# While the links are made no page is written to the log as a whole: with indexes that are touched
# anywhere each row would write four of them, again and again. All indexes are there all the time.
_LOADING = (("full_page_writes", "off"), ("max_wal_size", "'32GB'"))


@dataclass(frozen=True)
class Cost:
    """With so many links, per second, beside the ceilings then; and single things in milliseconds.

    `first_ms`: a link that nobody has opened lately. `tree_ms`: a page of whoever brought ten.
    """

    links: int
    rate: float
    ceiling: float
    bound: float
    bound_ceiling: float
    first_ms: float
    tree_ms: float

    @property
    def ratio(self) -> float:
        """What part of the ceiling is reached: of two moments, that is what compares."""
        return self.rate / self.ceiling

    @property
    def bound_ratio(self) -> float:
        return self.bound / self.bound_ceiling

    def lines(self) -> tuple[str, ...]:
        return (
            (
                f"{self.links:,} links, ten visits each: {self.rate:,.0f} opened per second, "
                f"{self.ratio:.2f} of the ceiling; {self.bound:,.0f} bound, {self.bound_ratio:.2f} of a "
                "bare insert;"
            ),
            (
                f"  {self.first_ms:.1f} ms for a link that nobody has opened lately, "
                f"{self.tree_ms:.1f} ms for a page of the tree"
            ),
        )


@dataclass(frozen=True)
class Scale:
    """What it costs with few links, with many, and at the ends of a chain 10,000 deep."""

    few: Cost
    many: Cost
    loaded_seconds: float
    deep_top_ms: float
    deep_leaf_ms: float


def measure(options: Options, url: str) -> Scale:
    """What opening, binding and looking cost with few links and with `options.links`."""
    campaign = stage.make_group_campaign("Very many links")
    with closing(Database(url)) as database, ExitStack() as stack:
        front = stack.enter_context(served("front"))
        costs, began = [], time.monotonic()
        for links in (min(FEW, options.links), options.links):
            began = time.monotonic()
            _fill(database, campaign, links)
            loaded = time.monotonic() - began
            costs.append(_cost(front.address, database, campaign, links, options))
        line = Line(database, DEEP)
        top = Participant.objects.get(campaign=line.campaign, generation=0)
        leaf = Participant.objects.filter(campaign=line.campaign).order_by("-generation")[0]
        return Scale(
            *costs, loaded, deep_top_ms=_tree_ms([top] * 20), deep_leaf_ms=_tree_ms([leaf] * 20)
        )


def _fill(database: Database, campaign: Campaign, links: int) -> None:
    """Have so many links, and PostgreSQL know it."""
    given = {"campaign_id": campaign.pk, "version_id": campaign.published_version_id}
    missing = links - database.count("invites_link")
    lots = [min(AT_ONCE, missing - start) for start in range(0, max(missing, 0), AT_ONCE)]
    with _loading(database), ThreadPoolExecutor(SESSIONS) as sessions:
        list(sessions.map(lambda lot: _insert(database.url, {**given, "links": lot}), lots))
    database.run("VACUUM (ANALYZE)")
    database.run("CHECKPOINT")


def _insert(url: str, given: dict[str, Any]) -> None:
    # As a replica: what refers to what is known to be there, so no foreign key is looked up.
    options = "-c statement_timeout=0 -c session_replication_role=replica -c synchronous_commit=off"
    with psycopg.connect(url, autocommit=True, options=options) as session:
        session.execute(pgbench.text("links_fill"), given)


@contextmanager
def _loading(database: Database) -> Iterator[None]:
    """Have the server log less while its block runs; then as before."""
    try:
        for name, value in _LOADING:
            to = sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.SQL(value))
            database.run(to)
        database.run("SELECT pg_reload_conf()")
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise BenchmarkError(f"scale-links loads as a superuser: {error}") from None
    finally:
        for name, _ in _LOADING:
            database.run(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
        database.run("SELECT pg_reload_conf()")


def _cost(
    address: Address, database: Database, campaign: Campaign, links: int, options: Options
) -> Cost:
    mine = Link.objects.filter(participant__campaign=campaign)
    codes = list(mine.order_by("?").values_list("code", flat=True)[: LINKS + FIRSTS])
    connections = PHONES * options.connections
    rate, ceiling = _medians(
        options,
        OpenedLinks(address, codes[:LINKS], connections),
        InsertedVisits(database.url, codes[:LINKS], connections),
    )
    line = Line(database, DEPTH)
    bound, bound_ceiling = _medians(
        options,
        Statement(line, line.sent, options.connections),
        Statement(line, BARE, options.connections),
    )
    friends = Participant.objects.filter(campaign=campaign, referees__isnull=False)
    ids = friends.filter(generation=2).values_list("pk", flat=True).distinct()[: 10 * PAGES]
    picked = Participant.objects.filter(pk__in=list(ids)[::10])
    first_ms = median(_first(address, code) for code in codes[LINKS:])
    return Cost(
        links, rate, ceiling, bound, bound_ceiling, first_ms, _tree_ms(list(picked.order_by("?")))
    )


def _medians(options: Options, *sides: Side) -> list[float]:
    """The rates of sides that take turns."""
    rates: list[list[float]] = [[] for _ in sides]
    for _ in range(options.rounds + 1):
        for side, told in zip(sides, rates, strict=True):
            side.prepare(int(max(side.guess, *told, 0) * max(options.seconds, 1) * 2))
            told.append(side.run(options.seconds).rate)
    return [median(told[1:]) for told in rates]  # the first warms up


def _first(address: Address, code: str) -> float:
    host, port = address
    with httpx.Client(headers={"User-Agent": load.PHONE}, trust_env=False) as phone:
        began = time.perf_counter()
        answer = phone.get(f"http://{host}:{port}/s/{code}")
    assert answer.status_code == 200
    return (time.perf_counter() - began) * 1000


def _tree_ms(participants: list[Participant]) -> float:
    """What `GET /participants/{id}/tree` takes in this process; the median."""
    client = Client(headers={"Authorization": f"Bearer {stage.make_key()}"})
    took = []
    for participant in participants:
        began = time.perf_counter()
        answer = client.get(f"/api/v1/participants/{participant.public_id}/tree")
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.content
    connection.close()
    return median(took)


def told(cost: Cost) -> dict[str, Any]:
    return {name: round(value, 2) for name, value in asdict(cost).items()}

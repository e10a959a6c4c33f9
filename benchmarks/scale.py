"""Links where there are few, and where there are very many: opening one, binding, a page of the tree.

Both are there at the same time, in two databases of one server, and take turns, so that what the
machine does meanwhile befalls both.

A page is *cold* when nobody looked at that participant lately: its blocks may lie outside
PostgreSQL's shared buffers. Of very many they do; of ten thousand no page is ever cold, because all
of them lie in memory. So a cold page is told three times: as it took; without the time of reading
those blocks, which tells whether the same work is done, like with like; and warm, of somebody at
whom somebody has just looked, where nothing lies outside on either side. How many blocks lay outside
is told beside it. Reading them is no work that grows with the number of links, but with how much of
them the memory given to PostgreSQL does not hold.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from statistics import mean, median
from typing import Any, NamedTuple

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
from benchmarks.whereabouts import copied_database, using

FEW = 10_000
AT_ONCE = 10_000
SESSIONS = 2
# Of each turn.
FIRSTS = 60
PAGES = 50
# Turns before anything is said of noise: `--rounds`.
ENOUGH = 5
DEEP = 10_000
DEEP_PAGES = 20

# While the links are made no page is written to the log as a whole: with indexes that are touched
# anywhere each row would write four of them, again and again. All indexes are there all the time.
_LOADING = (("full_page_writes", "off"), ("max_wal_size", "'32GB'"))


@dataclass(frozen=True)
class Compared:
    """One thing with few links and with many; the n-th of both were neighbours in time."""

    name: str
    few: tuple[float, ...]
    many: tuple[float, ...]

    @property
    def times(self) -> list[float]:
        """Many ÷ few, turn by turn."""
        return [many / few for few, many in zip(self.few, self.many, strict=True)]

    @property
    def verdict(self) -> str:
        """Noise is now more and now less: that five turns agree by chance happens once in 16 times."""
        if len(self.times) < ENOUGH:
            return "too few turns to say"
        if min(self.times) > 1:
            return "more with many, beyond noise"
        return "less with many, beyond noise" if max(self.times) < 1 else "within noise"

    def line(self) -> str:
        return (
            f"{self.name}: {_spread(self.few)} with few, {_spread(self.many)} with many; many ÷ few "
            f"{_spread(self.times)}, {self.verdict}"
        )

    def told(self) -> dict[str, Any]:
        sides = {"few": self.few, "many": self.many, "times": self.times}
        return {name: [round(value, 3) for value in side] for name, side in sides.items()}


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


@dataclass(frozen=True)
class Scale:
    """What it costs with few links, with many, and at the ends of a chain 10,000 deep."""

    links: int
    compared: tuple[Compared, ...]
    few_outside: float
    many_outside: float
    loaded_seconds: float
    deep_top_ms: float
    deep_leaf_ms: float

    def lines(self) -> tuple[str, ...]:
        return (
            f"{FEW:,} links and {self.links:,}, ten visits each, in turns: median (least–most)",
            *(one.line() for one in self.compared),
            (
                "blocks of a cold page that lay outside shared buffers, in the last turn: "
                f"{self.few_outside:.1f} with few, {self.many_outside:.1f} with many"
            ),
            f"the many loaded in {self.loaded_seconds:,.0f} s",
            (
                f"a chain of {DEEP:,}: {self.deep_top_ms:.1f} ms for the tree of its first, "
                f"{self.deep_leaf_ms:.1f} ms for its last"
            ),
        )

    def told(self) -> dict[str, Any]:
        return {
            "links": self.links,
            "compared": {one.name: one.told() for one in self.compared},
            "blocks_outside": {
                "few": round(self.few_outside, 2),
                "many": round(self.many_outside, 2),
            },
            "loaded_seconds": round(self.loaded_seconds, 1),
            "deep_top_ms": round(self.deep_top_ms, 2),
            "deep_leaf_ms": round(self.deep_leaf_ms, 2),
        }


class Place:
    """A database with links, and a `front` that serves it.

    What was opened or seen is not drawn again, but where there are more turns than there are people.

    Pages are drawn in a thread that stays connected to this database, so that two places can take
    turns page by page.
    """

    def __init__(
        self, stack: ExitStack, url: str, campaign: Campaign, key: str, options: Options
    ) -> None:
        self._url, self._seconds = url, options.seconds
        self._client = Client(headers={"Authorization": f"Bearer {key}"})
        turns, phones = options.rounds + 1, PHONES * options.connections
        self._inside = stack.enter_context(ThreadPoolExecutor(1))
        self._outside: list[int] = []
        with using(url):
            self._inside.submit(_connect).result()
            stack.callback(lambda: self._inside.submit(_disconnect).result())
            self._front = stack.enter_context(served("front")).address
            codes = _codes(campaign, LINKS + FIRSTS * turns)
            self._unseen = cycle(_who_brought_ten(campaign, 2 * PAGES * turns))
            line = Line(stack.enter_context(closing(Database(url))), DEPTH)
        opened, self._unopened = codes[:LINKS], iter(codes[LINKS:])
        self._openings = (
            _Paced(OpenedLinks(self._front, opened, phones)),
            _Paced(InsertedVisits(url, opened, phones)),
        )
        self._bindings = tuple(
            _Paced(Statement(line, statement, options.connections))
            for statement in (line.sent, BARE)
        )

    @property
    def outside(self) -> float:
        """How many blocks of a cold page lay outside shared buffers, on average of the last turn."""
        return mean(self._outside[-PAGES:])

    def look(self) -> tuple[float, float]:
        """A page of the tree, in ms, of somebody at whom nobody has looked yet; and without the time
        of reading the blocks that lay outside.
        """
        before = self._read()
        took = self._page_ms(next(self._unseen))
        after = self._read()
        self._outside.append(after.blocks - before.blocks)
        return took, took - (after.ms - before.ms)

    def look_twice(self) -> tuple[float]:
        """The same, of somebody at whom somebody else has just looked: all of it is in memory."""
        participant = next(self._unseen)
        self._page_ms(participant)
        return (self._page_ms(participant),)

    def _read(self) -> "_Read":
        return self._inside.submit(_read).result()

    def _page_ms(self, participant: str) -> float:
        """What `GET /participants/{id}/tree` takes in this process."""
        return self._inside.submit(_page_ms, self._client, participant).result()

    def open_first(self) -> tuple[float]:
        """A link that nobody has opened yet, in ms."""
        return (_first_ms(self._front, next(self._unopened)),)

    def open(self) -> tuple[float]:
        """Links opened all the time, as a part of the ceiling of this moment."""
        return self._ratio(*self._openings)

    def bind(self) -> tuple[float]:
        """The statement by which somebody joins, as a part of a bare insert."""
        return self._ratio(*self._bindings)

    def _ratio(self, ours: "_Paced", ceiling: "_Paced") -> tuple[float]:
        return (ours.rate(self._seconds) / ceiling.rate(self._seconds),)

    def deep_ms(self) -> tuple[float, float]:
        """A page of the first and of the last of a long chain."""
        with using(self._url), closing(Database(self._url)) as database:
            line = Participant.objects.filter(campaign=Line(database, DEEP).campaign)
            ends = line.order_by("generation")[0], line.order_by("-generation")[0]
            top, leaf = (
                median(self._page_ms(end.public_id) for _ in range(DEEP_PAGES)) for end in ends
            )
        return top, leaf


Told = tuple[float, ...]
Do = Callable[[Place], Told]

# What each tells, and how often in a turn. What leaves the least behind comes first: opening keeps
# visits, binding adds people.
_ACTS: tuple[tuple[tuple[str, ...], Do, int], ...] = (
    (
        (
            "a cold page of the tree, of somebody nobody looked at lately, ms",
            "a cold page without reading what lay outside shared buffers, ms",
        ),
        Place.look,
        PAGES,
    ),
    (("a warm page, looked at the moment before, ms",), Place.look_twice, PAGES),
    (("a first opening, ms",), Place.open_first, FIRSTS),
    (("opened ÷ the ceiling of that moment",), Place.open, 1),
    (("bound ÷ a bare insert",), Place.bind, 1),
)


class _Paced:
    """A side that is given as much work as it has shown that it can do."""

    def __init__(self, side: Side) -> None:
        self._side, self._best = side, float(side.guess)

    def rate(self, seconds: float) -> float:
        self._side.prepare(int(self._best * max(seconds, 1) * 2))
        told = self._side.run(seconds).rate
        self._best = max(self._best, told)
        return told


def measure(options: Options, url: str) -> Scale:
    """What opening, binding and looking cost with few links and with `options.links`."""
    campaign, key = stage.make_group_campaign("Very many links"), stage.make_key()
    with closing(Database(url)) as database:
        _fill(database, campaign, min(FEW, options.links))
    with copied_database(url) as crowded, ExitStack() as stack:
        began = time.monotonic()
        with closing(Database(crowded)) as database:
            _fill(database, campaign, options.links)
        loaded = time.monotonic() - began
        few, many = (Place(stack, at, campaign, key, options) for at in (url, crowded))
        compared = [one for act in _ACTS for one in _compared(*act, few, many, options.rounds)]
        outside = few.outside, many.outside
        return Scale(options.links, tuple(compared), *outside, loaded, *many.deep_ms())


def _compared(
    names: tuple[str, ...], act: Do, often: int, few: Place, many: Place, rounds: int
) -> list[Compared]:
    turns = [_turn(act, often, few, many) for _ in range(rounds + 1)]
    in_few, in_many = zip(*turns[1:], strict=True)  # the first warms up
    columns = zip(names, zip(*in_few, strict=True), zip(*in_many, strict=True), strict=True)
    return [Compared(name, of_few, of_many) for name, of_few, of_many in columns]


def _turn(act: Do, often: int, few: Place, many: Place) -> tuple[Told, Told]:
    """An act in both places by turns, so many times; the median of each thing it tells, in each.

    Now one goes first and now the other: what one leaves behind befalls the next.
    """
    in_few, in_many = [], []
    for nth in range(often):
        both = [(few, in_few), (many, in_many)]
        for place, told in both if nth % 2 else reversed(both):
            told.append(act(place))
    return _medians(in_few), _medians(in_many)


def _medians(told: Sequence[Told]) -> Told:
    return tuple(median(column) for column in zip(*told, strict=True))


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


# Not the methods themselves: they would be those of the connection of whoever submits them.
def _connect() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET track_io_timing = on")


def _disconnect() -> None:
    connection.close()


class _Read(NamedTuple):
    """What a database has read from outside shared buffers so far."""

    blocks: int
    ms: float


def _read() -> _Read:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT blks_read, blk_read_time FROM pg_stat_database WHERE datname = current_database()"
        )
        return _Read(*cursor.fetchone())


def _codes(campaign: Campaign, number: int) -> list[str]:
    """So many links, drawn from all."""
    links = Link.objects.filter(participant__campaign=campaign).order_by("?")
    return list(links.values_list("code", flat=True)[:number])


def _who_brought_ten(campaign: Campaign, number: int) -> list[str]:
    """So many participants of one generation, drawn from all who brought somebody."""
    brought = Participant.objects.filter(campaign=campaign, generation=3).values("referrer")
    drawn = Participant.objects.filter(pk__in=brought).order_by("?")
    return list(drawn.values_list("public_id", flat=True)[:number])


def _first_ms(address: Address, code: str) -> float:
    host, port = address
    with httpx.Client(headers={"User-Agent": load.PHONE}, trust_env=False) as phone:
        began = time.perf_counter()
        answer = phone.get(f"http://{host}:{port}/s/{code}")
    assert answer.status_code == 200
    return (time.perf_counter() - began) * 1000


def _page_ms(client: Client, participant: str) -> float:
    began = time.perf_counter()
    answer = client.get(f"/api/v1/participants/{participant}/tree")
    assert answer.status_code == 200, answer.content
    return (time.perf_counter() - began) * 1000

"""Opening a share link: the page is shown, and the visit is durable."""

import itertools
import random

from django.utils import timezone

from apps.invites import services
from benchmarks import load, pgbench, stage, wrk
from benchmarks.arena import Arena
from benchmarks.engine import Address, served
from benchmarks.rounds import Case, Sample

LINKS = 16
# Phones are many: so many times the connections that a shop's backend has, on both sides.
PHONES = 4
PROCESSES = 2
# How many the generator in Python plays, over and over; wrk plays another each time.
VISITORS = 20_000


def make_case(arena: Arena) -> Case:
    """Several participants' links to one campaign, opened by phones."""
    services.salt_of_day(now=timezone.now())  # made once a day, by no visit in particular
    front = arena.stack.enter_context(served("front"))
    connections = PHONES * arena.connections
    campaign = stage.make_group_campaign("Opened links")
    codes = [stage.make_link(campaign).code for _ in range(LINKS)]
    return Case(
        name="visits",
        title=f"share links opened, each visit durable; {LINKS} links, {connections} connections",
        table="invites_visit",
        engine=OpenedLinks(front.address, codes, connections),
        ceiling=InsertedVisits(arena.database.url, codes, connections),
        processes=(front.pid,),
    )


def generator() -> str:
    """Which load generator opens links here."""
    return wrk.NAME if wrk.program() else load.NAME


class OpenedLinks:
    """GET /s/{code}, by wrk where it is installed."""

    guess = 500
    least_seconds = wrk.LEAST_SECONDS if wrk.program() else 0.0

    def __init__(self, address: Address, codes: list[str], connections: int) -> None:
        self._address = address
        self._paths = [f"/s/{code}" for code in codes]
        self._connections = connections

    def prepare(self, acts: int) -> None:
        """Links can be opened any number of times."""

    def run(self, seconds: float) -> Sample:
        host, port = self._address
        if wrk.program():
            return wrk.run(
                f"http://{host}:{port}",
                self._paths,
                agent=load.PHONE,
                connections=self._connections,
                seconds=seconds,
            )
        paths = itertools.cycle(self._paths)
        visitors = range(random.randrange(10**9), 10**10)[:VISITORS]
        requests = [self._request(next(paths), host, port, visitor) for visitor in visitors]
        asked = load.Load(self._address, self._connections, seconds, True, PROCESSES)
        tally = load.run(asked, requests)
        return Sample(tally.answers, tally.seconds)

    def _request(self, path: str, host: str, port: int, visitor: int) -> bytes:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {load.PHONE}\r\n"
        return f"{head}X-Forwarded-For: visitor-{visitor}\r\n\r\n".encode()


class InsertedVisits:
    """One statement: find the link, insert the visit."""

    guess = 10_000
    least_seconds = pgbench.LEAST_SECONDS

    def __init__(self, url: str, codes: list[str], clients: int) -> None:
        self._url = url
        self._codes = codes
        self._clients = clients

    def prepare(self, acts: int) -> None:
        """Links can be opened any number of times."""

    def run(self, seconds: float) -> Sample:
        given = {"links": len(self._codes), "codes": ",".join(self._codes)}
        return pgbench.run(
            "visit", url=self._url, clients=self._clients, seconds=seconds, given=given
        )

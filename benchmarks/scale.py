"""Opened links where there are few, and where there are very many: it must cost the same."""

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx

from apps.campaigns.models import Campaign
from apps.invites.models import Link
from benchmarks import load, pgbench, stage
from benchmarks.database import Database
from benchmarks.engine import Address, served
from benchmarks.options import Options
from benchmarks.visits import LINKS, PHONES, InsertedVisits, OpenedLinks

FEW = 10_000
AT_ONCE = 10_000
FIRSTS = 300


@dataclass(frozen=True)
class Cost:
    """With so many links: opened per second, beside the ceiling then; a first opening in milliseconds."""

    links: int
    rate: float
    ceiling: float
    first_ms: float

    @property
    def ratio(self) -> float:
        """What part of the ceiling is reached: of two moments, that is what compares."""
        return self.rate / self.ceiling

    def line(self) -> str:
        return (
            f"{self.links:,} links, ten visits each: {self.rate:,.0f} opened per second, "
            f"{self.ratio:.2f} of the ceiling; "
            f"{self.first_ms:.1f} ms for one that nobody has opened lately"
        )


def measure(options: Options, url: str) -> tuple[Cost, Cost]:
    """What opening costs with few links and with `options.links`."""
    campaign = stage.make_group_campaign("Very many links")
    with closing(Database(url)) as database, ExitStack() as stack:
        front = stack.enter_context(served("front"))
        costs = []
        for links in (min(FEW, options.links), options.links):
            _fill(database, campaign, links)
            costs.append(_cost(front.address, url, links, options))
    return costs[0], costs[1]


def _fill(database: Database, campaign: Campaign, links: int) -> None:
    """Have so many links, and PostgreSQL know it."""
    statement = pgbench.text("links_fill")
    while (made := database.count("invites_link")) < links:
        database.run(
            statement,
            {
                "made": made,
                "links": min(AT_ONCE, links - made),
                "campaign_id": campaign.pk,
                "version_id": campaign.published_version_id,
            },
        )
    database.run("VACUUM (ANALYZE)")
    database.run("CHECKPOINT")


def _cost(address: Address, url: str, links: int, options: Options) -> Cost:
    codes = list(Link.objects.order_by("?").values_list("code", flat=True)[: LINKS + FIRSTS])
    connections = PHONES * options.connections
    sides = (
        OpenedLinks(address, codes[:LINKS], connections),
        InsertedVisits(url, codes[:LINKS], connections),
    )
    turns = [[side.run(options.seconds).rate for side in sides] for _ in range(options.rounds + 1)]
    engine, ceiling = (
        median(rates) for rates in zip(*turns[1:], strict=True)
    )  # the first warms up
    return Cost(links, engine, ceiling, median(_first(address, code) for code in codes[LINKS:]))


def _first(address: Address, code: str) -> float:
    host, port = address
    with httpx.Client(headers={"User-Agent": load.PHONE}, trust_env=False) as phone:
        began = time.perf_counter()
        answer = phone.get(f"http://{host}:{port}/s/{code}")
    assert answer.status_code == 200
    return (time.perf_counter() - began) * 1000


def told(cost: Cost) -> dict[str, Any]:
    return {
        "links": cost.links,
        "rate": round(cost.rate, 1),
        "ceiling": round(cost.ceiling, 1),
        "first_ms": round(cost.first_ms, 2),
    }

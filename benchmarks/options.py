"""What can be asked of a run."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from referral_engine.stack.addresses import var_dir

BASE_DIR = Path(__file__).resolve().parent.parent
CASES = (
    "visits",
    "bind",
    "bind-service-1",
    "bind-service-10000",
    "bind-1",
    "bind-100",
    "bind-10000",
    "seats-hot",
    "seats-many",
    "offer-hot",
    "events",
    "points-spend",
    "points-pair",
    "coupon-redeem",
    "ledger",
    "tiers",
)
# Told once, not measured in rounds.
STORIES = (
    "replay-groups",
    "oversell",
    "anatomy",
    "tiers-million",
    "referrals",
    "scale-links",
    "reports",
)


@dataclass(frozen=True)
class Options:
    """`connections` are the load generator's to the engine, and pgbench's to PostgreSQL. `rest` is for
    machines that are slowed down when they were busy: without it the busier side is.

    `members` is how many the sweeper of tiers finds, `links` how many there are in the end of
    `scale-links`, `visits` how many the campaign of `reports` has, `groups` how many are replayed,
    `runs` how often a scarce stock is sold.
    """

    rounds: int
    seconds: float
    connections: int
    members: int
    links: int
    visits: int
    groups: int
    runs: int
    only: tuple[str, ...]
    stories: tuple[str, ...]
    json: Path
    duckdb: bool = True
    rest: float = 0.0


def parse(arguments: Sequence[str]) -> Options:
    """The options of a command line; ends the program with a usage line when they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="per case and side (5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each round (3)")
    parser.add_argument("--rest", type=float, default=0.0, help="seconds before each round (0)")
    parser.add_argument("--connections", type=int, default=16, help="of the load (16)")
    parser.add_argument("--members", type=int, default=1_000_000, help="with a tier (1000000)")
    parser.add_argument("--links", type=int, default=1_000_000, help="ten visits each (1000000)")
    parser.add_argument("--visits", type=int, default=1_000_000, help="of a campaign (1000000)")
    parser.add_argument("--groups", type=int, default=20_000, help="replayed (20000)")
    parser.add_argument("--runs", type=int, default=100, help="on a scarce stock (100)")
    parser.add_argument("--no-duckdb", action="store_true", help="neither fetch it nor measure it")
    known = (*CASES, *STORIES)
    parser.add_argument("--only", action="append", choices=known, help="this case; repeatable")
    parser.add_argument("--json", type=Path, default=var_dir(os.environ, BASE_DIR) / "bench.json")
    given = parser.parse_args(arguments)
    numbers = (
        given.rounds,
        given.members,
        given.links,
        given.visits,
        given.groups,
        given.runs,
    )
    if min(numbers) < 1 or given.seconds <= 0 or given.rest < 0 or given.connections < 2:
        parser.error("at least 1 of each number, some time, and 2 connections")
    asked = given.only or known
    return Options(
        given.rounds,
        given.seconds,
        given.connections,
        given.members,
        given.links,
        given.visits,
        given.groups,
        given.runs,
        tuple(name for name in CASES if name in asked),
        tuple(name for name in STORIES if name in asked),
        given.json,
        not given.no_duckdb,
        given.rest,
    )

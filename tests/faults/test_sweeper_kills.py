"""Kill the deadline sweeper at every point where it commits, and PostgreSQL under it.

However often it is killed: each paid seat of a room that failed is asked back exactly once, each room
ends once, and what the sweeps leave is what one that nobody disturbs leaves.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from referral_engine.stack import addresses, orphans, postgres
from referral_engine.stack.supervisor import servers
from tests.demo.own_var import ROOT, environ, own_var

pytestmark = pytest.mark.slow

WORLD = "engine"


class Sweeps:
    """Durable servers, a world on them, and a process whose forks sweep copies of it."""

    def __init__(self, var: Path) -> None:
        self._environ = environ(var)
        self._var = var
        self._copies = 0
        self._servers = ExitStack()
        self.start()
        self._forks = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sweeps"],
            cwd=ROOT,
            env=self._environ | {"DJANGO_SETTINGS_MODULE": "referral_engine.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._hear() == "ready\n"
        self.well("world", WORLD)

    def start(self) -> None:
        self._servers.enter_context(servers(self._var, self._environ, durable=True))

    def restart(self) -> None:
        """What an init system does when PostgreSQL was killed."""
        self._servers.close()
        self.start()

    def close(self) -> None:
        self._forks.communicate(timeout=30)
        self._servers.close()

    @property
    def postmaster(self) -> int:
        return orphans.noted(self._var)[postgres.NAME].pid

    def copy(self, world: str = WORLD) -> str:
        """The name of another database with the same world."""
        self._copies += 1
        name = f"world_{self._copies}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {world}")
        return name

    def checkpoint(self) -> None:
        """Before a crash of a copy. A sequence is copied with the 32 numbers that were logged ahead in
        the original: without a checkpoint the copy logs none of them, and gives them out again.
        """
        self._run("CHECKPOINT")

    def drop(self, name: str) -> None:
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def do(self, what: str, database: str, **given: Any) -> tuple[int, Any]:
        """(how the fork ended, what it told)."""
        assert self._forks.stdin
        self._forks.stdin.write(json.dumps({"do": what, "database": database, **given}) + "\n")
        self._forks.stdin.flush()
        answer = json.loads(self._hear())
        return answer["code"], answer["told"]

    def well(self, what: str, database: str, **given: Any) -> Any:
        code, told = self.do(what, database, **given)
        assert code == 0
        return told

    def _hear(self) -> str:
        assert self._forks.stdout
        return self._forks.stdout.readline()

    def _run(self, statement: str) -> None:
        at = addresses.postgres_url(self._var, "postgres")
        with psycopg.connect(at, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="module")
def sweeps() -> Iterator[Sweeps]:
    with own_var() as var:
        sweeps = Sweeps(var)
        yield sweeps
        sweeps.close()


@pytest.fixture(scope="module")
def undisturbed(sweeps: Sweeps) -> tuple[int, dict[str, Any]]:
    """How often its sweepers commit, and what it leaves."""
    name = sweeps.copy()
    commits = sweeps.well("sweep", name)
    left = sweeps.well("state", name)
    sweeps.drop(name)
    return commits, left


def asked_once(left: dict[str, Any]) -> bool:
    """Each paid seat of a room that failed has one refund order, for what was kept of its payment."""
    asked = [row[:3] for row in left["refund orders"] if row[3] != "step_price"]
    return asked == left["owed"]


def test_an_undisturbed_sweep(undisturbed: tuple[int, dict[str, Any]]) -> None:
    commits, left = undisturbed
    statuses = sorted(status for _, status, *_ in left["rooms"])
    assert statuses == ["cancelled", "closing", "completed", "completed", *["failed"] * 4, "open"]
    assert asked_once(left)
    assert len(left["refund orders"]) == 3 + 2 + 2 + 2 + 2
    assert left["breaches"] == []
    # One for each room that turns or has expired holds, each seat with a discount or a final price.
    assert commits > 20


@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_at_every_commit(
    sweeps: Sweeps, undisturbed: tuple[int, dict[str, Any]], side: str
) -> None:
    commits, wanted = undisturbed
    for point in range(1, commits + 1):
        name = sweeps.copy()
        code, _ = sweeps.do("sweep", name, at=point, side=side)
        assert code == -9, f"commit {point} was not reached"
        sweeps.well("sweep", name)
        left = sweeps.well("state", name)
        assert asked_once(left), f"{side} commit {point}"
        assert left == wanted, f"{side} commit {point}"
        sweeps.drop(name)


def test_killed_again_and_again(sweeps: Sweeps, undisturbed: tuple[int, dict[str, Any]]) -> None:
    """A sweeper that never lives longer than for a few commits gets there all the same."""
    commits, wanted = undisturbed
    done, name = sweeps.copy(), sweeps.copy()
    sweeps.well("sweep", done)
    at_rest = sweeps.well("sweep", done)  # to look commits too, where nothing is found
    kills = 0
    while sweeps.do("sweep", name, at=at_rest + 1, side="after")[0] == -9:
        kills += 1
        assert kills <= commits
    assert kills >= 3
    assert sweeps.well("state", name) == wanted


def test_killed_at_every_reminder(sweeps: Sweeps) -> None:
    """A shop that did not answer is asked again once for each refund, however often that is cut off."""
    unanswered = sweeps.copy()
    sweeps.well("sweep", unanswered)
    sweeps.well("later", unanswered, hours=3)
    name = sweeps.copy(unanswered)
    commits = sweeps.well("sweep", name)
    wanted = sweeps.well("state", name)
    assert [row[2:] for row in wanted["reminders"]] == [[2, 1]] * 11
    assert wanted["breaches"] == []
    for point in range(1, commits + 1):
        name = sweeps.copy(unanswered)
        side = ("before", "after")[point % 2]
        code, _ = sweeps.do("sweep", name, at=point, side=side)
        assert code == -9, f"commit {point} was not reached"
        sweeps.well("sweep", name)
        assert sweeps.well("state", name) == wanted, f"{side} commit {point}"
        sweeps.drop(name)


@pytest.fixture(scope="module")
def commits_of_all(sweeps: Sweeps) -> int:
    """How often an undisturbed sweep commits, the processing of the facts included."""
    name = sweeps.copy()
    commits = sweeps.well("sweep", name, facts=True)
    sweeps.drop(name)
    return int(commits)


@pytest.mark.parametrize(("part", "side"), [(0.1, "before"), (0.4, "after"), (0.8, "before")])
def test_postgresql_killed_in_the_middle(
    sweeps: Sweeps,
    undisturbed: tuple[int, dict[str, Any]],
    commits_of_all: int,
    part: float,
    side: str,
) -> None:
    _, wanted = undisturbed
    name = sweeps.copy()
    sweeps.checkpoint()
    point = max(1, int(commits_of_all * part))
    code, _ = sweeps.do(
        "sweep", name, at=point, side=side, postmaster=sweeps.postmaster, facts=True
    )
    assert code == 1  # the sweeper lives, and has nobody to talk to
    sweeps.restart()
    sweeps.well("sweep", name)
    assert sweeps.well("state", name) == wanted
    sweeps.drop(name)

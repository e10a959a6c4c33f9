"""Links opened beside a plain Django peer: pinax-referrals' response view, served alike.

It is installed for the run into a virtual environment of its own, and gets a database of its own on
the same server.
"""

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import load, stage, wrk
from benchmarks.database import fresh_database
from benchmarks.engine import Served, served, serving
from benchmarks.errors import BenchmarkError
from benchmarks.options import BASE_DIR, Options
from benchmarks.visits import LINKS, PHONES

PINAX = "pinax-referrals==4.5.0"
GRANIAN = "granian==2.8.7"
HOME = BASE_DIR / "var/pinax"
SITE = Path(__file__).with_name("referrals_site.py")
NO_PEER = f"{PINAX} or wrk could not be had here: nothing to show beside"


@dataclass
class Opened:
    """Links opened in a second, round by round."""

    rates: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        return {"median": round(median(self.rates), 1), "all": [round(r, 1) for r in self.rates]}


def contest(options: Options, url: str) -> tuple[Opened, Opened] | None:
    """Ours and theirs, taking turns; None where the peer or the generator cannot be had."""
    python = installed()
    if python is None or wrk.program() is None:
        return None
    campaign = stage.make_group_campaign("Opened links")
    ours, theirs = Opened(), Opened()
    with fresh_database(url) as own, ExitStack() as stack:
        codes = _made(python, own)
        front = stack.enter_context(served("front"))
        peer = stack.enter_context(_peer(python, own))
        sides = (
            (ours, front, [f"/s/{stage.make_link(campaign).code}" for _ in range(LINKS)]),
            (theirs, peer, [f"/r/{code}/" for code in codes]),
        )
        for turn in range(options.rounds + 1):
            for opened, server, paths in sides:
                rate = _rate(server, paths, options)
                if turn:  # the first warms up
                    opened.rates.append(rate)
    return ours, theirs


def _rate(server: Served, paths: list[str], options: Options) -> float:
    host, port = server.address
    return wrk.run(
        f"http://{host}:{port}",
        paths,
        agent=load.PHONE,
        connections=PHONES * options.connections,
        seconds=options.seconds,
    ).rate


def _made(python: Path, url: str) -> list[str]:
    done = subprocess.run(
        [python, SITE, "make", str(LINKS)],
        env={"DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchmarkError(f"pinax-referrals: {done.stderr.strip().splitlines()[-1]}")
    return list(json.loads(done.stdout))


def _peer(python: Path, url: str) -> Any:
    """Served as the Procfile serves the engine's web server."""
    command = (
        f"exec {python} -m granian --interface wsgi --workers 2 --blocking-threads 4 "
        f'--host "$BIND" --port "$PORT" --working-dir {SITE.parent} referrals_site:application'
    )
    return serving(command, {"DATABASE_URL": url}, port="PORT", ready="/nowhere", wanted=404)


def installed() -> Path | None:
    """The Python of an environment that has the peer; made on first use. None when it cannot be."""
    python = HOME / "bin/python"
    done = HOME / PINAX
    if done.exists():
        return python
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", str(HOME)],
        [*pip, PINAX, GRANIAN, "Django==5.2.19", "psycopg[binary]"],
    ):
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return None
    done.touch()
    return python

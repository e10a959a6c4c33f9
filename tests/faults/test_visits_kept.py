"""Kill the web server, the front door or PostgreSQL under opened links: who was answered is kept.

Reconciled by click id, which the answer carries in its token: each is there exactly once.
"""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import psycopg
import pytest

from referral_engine.stack import addresses
from tests.conftest import free_port
from tests.demo.own_var import own_var
from tests.faults.cluster import Cluster, Killer
from tests.pages.makers import PHONE

TOKEN = re.compile(r"vis_\w{22}(?=%3A)")
PHONES = 8
BEFORE, AFTER = 150, 150
MAKE_LINK = "from tests.pages.makers import make_link; print(make_link().code)"


class Crowd:
    """Phones that open a link over and over, and remember the click ids they were answered with."""

    def __init__(self, addresses: list[str], tick: Callable[[], None]) -> None:
        self._addresses = addresses
        self._tick = tick
        self._lock = threading.Lock()
        self.told: list[str] = []
        self.failed = 0

    def open_until(self, number: int) -> None:
        """Open links until so many more were answered, whatever happens meanwhile."""
        wanted = len(self.told) + number
        with ThreadPoolExecutor(PHONES) as pool:
            list(pool.map(lambda phone: self._open(phone, wanted), range(PHONES)))

    def _open(self, phone: int, wanted: int) -> None:
        address = self._addresses[phone % len(self._addresses)]
        turn = 0
        while len(self.told) < wanted:
            turn += 1
            agent = f"{PHONE} {phone}/{turn}"  # somebody else each time
            try:
                answer = httpx.get(address, headers={"User-Agent": agent}, timeout=10)
            except httpx.TransportError:
                self.failed += 1
                time.sleep(0.05)  # whoever starts anew needs the processor, too
                continue
            with self._lock:
                self._tick()
                if answer.status_code == 200:
                    self.told += TOKEN.findall(answer.text)[:1]
                else:
                    assert answer.status_code == 503, answer.text
                    self.failed += 1


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv("FRONT_PORT", str(free_port()))
    with own_var() as var:
        cluster = Cluster(var)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def front_of(cluster: Cluster) -> list[psutil.Process]:
    """The processes of the front door alone."""
    return [one for one in cluster.web() if "rsgi" in one.cmdline()]


def kept(cluster: Cluster) -> list[str]:
    """The click ids of all visits."""
    with psycopg.connect(addresses.postgres_url(cluster.var, "engine")) as connection:
        rows = connection.execute("SELECT click_id FROM invites_visit").fetchall()
    return [click_id for (click_id,) in rows]


@pytest.mark.slow
def test_every_visit_that_was_answered_is_kept_once(cluster: Cluster) -> None:
    made = cluster.manage("shell", "-c", MAKE_LINK)
    assert made.returncode == 0, made.stderr
    path = f"/s/{made.stdout.split()[-1]}"
    front = f"http://127.0.0.1:{os.environ['FRONT_PORT']}"
    killers: list[Killer] = []
    crowd = Crowd([f"{front}{path}", f"{cluster.url}{path}"], lambda: killers[-1].tick())
    for victims in (lambda: front_of(cluster), cluster.web, cluster.postgres):
        killers.append(Killer(cluster, victims, at=BEFORE, falls=True))
        crowd.open_until(BEFORE + AFTER)
        killers[-1].finish()
    assert cluster.starts == 4
    assert crowd.failed, "nothing was under way when it was killed"

    rows = kept(cluster)
    assert len(crowd.told) == len(set(crowd.told)) >= 3 * (BEFORE + AFTER)
    assert set(crowd.told) <= set(rows)
    assert len(rows) == len(set(rows))
    checked = cluster.manage("check_invariants")
    assert checked.returncode == 0, checked.stdout + checked.stderr

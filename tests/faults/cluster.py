"""A whole engine on its own durable servers, to kill things in and to start again."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil

from apps.demo.stage import Stage
from referral_engine.stack import orphans, postgres
from tests.demo.own_var import ROOT, environ

START_SECONDS = 60.0


class Cluster:
    """`manage.py up` in one var folder, at one address however often it is started."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.starts = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start everything and return when it answers."""
        self.var.mkdir(parents=True, exist_ok=True)
        with (self.var / "up.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_manage(), "up", "--port", str(self.port)],
                env=environ(self.var),
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        self.starts += 1
        wait_for(self._answers, START_SECONDS)

    def wait_stopped(self) -> None:
        """Return when everything has stopped because a part of it was killed."""
        assert self._process
        self._process.wait(60)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a management command against the servers."""
        return subprocess.run(
            [*_manage(), *words],
            env=environ(self.var),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def stage(self, *, name: str, digest: str, sizes: str, shop_url: str) -> Stage:
        """Set the demo's stage, with short holds."""
        words = ["--data-name", name, "--digest", digest, "--sizes", sizes]
        words += ["--shop-url", shop_url, "--hold-seconds", "3"]
        done = self.manage("demo_stage", *words)
        assert done.returncode == 0, done.stderr
        return Stage.from_json(done.stdout)

    def postgres(self) -> list[psutil.Process]:
        return [psutil.Process(orphans.noted(self.var)[postgres.NAME].pid)]

    def web(self) -> list[psutil.Process]:
        """The web server and its workers."""
        return self._programs("granian")

    def worker(self) -> list[psutil.Process]:
        """The Celery worker that keeps the others."""
        found = self._programs("celery", "worker")
        return [process for process in found if process.ppid() not in {p.pid for p in found}]

    def worker_children(self) -> list[psutil.Process]:
        """The processes that do a Celery worker's work."""
        parents = {process.pid for process in self.worker()}
        return [p for p in self._programs("celery", "worker") if p.pid not in parents]

    def _programs(self, *words: str) -> list[psutil.Process]:
        assert self._process
        children = psutil.Process(self._process.pid).children(recursive=True)
        return [child for child in children if _runs(child, words)]

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, (self.var / "up.log").read_text()[-3000:]
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).is_success
        except httpx.TransportError:
            return False


class Killer:
    """Kills a part of a cluster while a replay goes on, and starts the cluster again if it fell.

    `tick` is called before each request: the `at`-th one wakes the killer and goes on at once, so
    requests are under way when the signal comes.
    """

    def __init__(
        self, cluster: Cluster, victims: Callable[[], list[psutil.Process]], *, at: int, falls: bool
    ) -> None:
        self._cluster = cluster
        self._victims = victims()
        assert self._victims
        self._left = at
        self._now = threading.Event()
        pool = ThreadPoolExecutor(1)
        self._done = pool.submit(self._strike, falls)
        pool.shutdown(wait=False)

    def tick(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._now.set()

    def finish(self) -> None:
        """Return when it has killed and, where needed, all is up again."""
        struck = self._now.is_set()
        self._now.set()
        self._done.result(120)
        assert struck, "the replay ended before the kill"

    def _strike(self, falls: bool) -> None:
        self._now.wait()
        for process in self._victims:
            os.kill(process.pid, signal.SIGKILL)
        if falls:
            self._cluster.wait_stopped()
            self._cluster.start()


def _runs(process: psutil.Process, words: tuple[str, ...]) -> bool:
    """Whether its command line has all these words; a shell that will `exec` it does not count."""
    try:
        line = process.cmdline()
    except psutil.Error:
        return False  # gone in the meantime
    return "-c" not in line and all(any(word in part for part in line) for word in words)


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def _manage() -> list[str]:
    return [sys.executable, str(ROOT / "manage.py")]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

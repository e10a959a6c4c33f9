"""The engine's programs (web, worker, beat) as one child of the demo, through the Procfile."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from referral_engine.stack.ports import port_beside

READY_SECONDS = 60.0
STOP_SECONDS = 15.0


class ProgramsEnded(Exception):
    """One of the programs ended, so all did; the message says where to read why."""


class Programs:
    """Running programs, their address, and what they say."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self._process = process
        self.url = url
        self.log = log

    def demand_up(self) -> None:
        """Return while they run. Raises ProgramsEnded."""
        if self._process.poll() is not None:
            raise ProgramsEnded(f"the engine ended: see {self.log}")

    def wait_ready(self) -> None:
        """Return when the web server answers. Raises ProgramsEnded."""
        deadline = time.monotonic() + READY_SECONDS
        while not _ready(self.url):
            self.demand_up()
            if time.monotonic() > deadline:
                raise ProgramsEnded(f"no answer from {self.url} yet: see {self.log}")
            time.sleep(0.1)

    def wait(self) -> None:
        """Return never, while they run. Raises ProgramsEnded."""
        self._process.wait()
        self.demand_up()


@contextmanager
def running(base_dir: Path, host: str, port: int, log: Path) -> Iterator[Programs]:
    """Run the Procfile's programs as long as the block lasts. Raises StackError without a port."""
    # An empty file name: honcho would let a .env override where the servers are.
    honcho = [sys.executable, "-m", "honcho", "--env", "", "--app-root", str(base_dir)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    beside = {
        "STREAMS_PORT": str(port_beside(host, port, os.environ.get("STREAMS_PORT", ""))),
        "FRONT_PORT": str(port_beside(host, port + 1, os.environ.get("FRONT_PORT", ""))),
    }
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*honcho, "--no-colour", "start", "--port", str(port)],
            env=os.environ | beside | {"PATH": path, "BIND": host, "PYTHONUNBUFFERED": "1"},
            cwd=base_dir,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield Programs(process, f"http://{host}:{port}", log)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop them politely. What does not follow is ended by whoever owns the servers."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2.0).is_success
    except httpx.TransportError:
        return False

"""The engine's web servers, as the Procfile runs them."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.errors import EngineFailed
from benchmarks.options import BASE_DIR

HOST = "127.0.0.1"
PORTS = {"web": "PORT", "front": "FRONT_PORT"}
START_SECONDS = 60.0
STOP_SECONDS = 15.0

Address = tuple[str, int]


@dataclass(frozen=True)
class Served:
    """Where the web server listens, and its parent process."""

    address: Address
    pid: int


def served(program: str = "web") -> AbstractContextManager[Served]:
    """Serve a program of the engine, as `serving` does."""
    return serving(command_of(program), {}, port=PORTS[program], ready="/readyz")


@contextmanager
def serving(
    command: str, environ: dict[str, str], *, port: str, ready: str, wanted: int = 200
) -> Iterator[Served]:
    """Run a web server on a free port of this machine, told in the variable `port`.

    It is ready when it answers `wanted` to `ready`. An EngineFailed gains its log's end.
    """
    number = _free_port()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            ["sh", "-c", command],
            env=os.environ | environ | {"PATH": path, "BIND": HOST, port: str(number)},
            cwd=BASE_DIR,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_ready(f"http://{HOST}:{number}{ready}", wanted, process)
            yield Served((HOST, number), process.pid)
        except EngineFailed as error:
            log.seek(0)
            raise EngineFailed(f"{error}\n{log.read()[-2000:].decode(errors='replace')}") from None
        finally:
            _stop(process)


def command_of(program: str) -> str:
    """A program's line of the Procfile."""
    lines = (BASE_DIR / "Procfile").read_text().splitlines()
    named = f"{program}:"
    return next(line.removeprefix(named).strip() for line in lines if line.startswith(named))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_ready(url: str, wanted: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=5).status_code == wanted:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise EngineFailed("the web server did not come up")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

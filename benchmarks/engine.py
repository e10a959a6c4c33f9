"""The engine's web servers, as the Procfile runs them."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def served(program: str = "web") -> Iterator[Served]:
    """Serve a program of the engine on a free port of this machine. An EngineFailed gains its log's end."""
    port = _free_port()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            ["sh", "-c", command_of(program)],
            env=os.environ | {"PATH": path, "BIND": HOST, PORTS[program]: str(port)},
            cwd=BASE_DIR,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_ready(f"http://{HOST}:{port}/readyz", process)
            yield Served((HOST, port), process.pid)
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


def _wait_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=5).is_success:
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

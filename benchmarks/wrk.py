"""wrk, lighter than any load generator in Python: the one on PATH, else Debian's, unpacked into var/."""

import functools
import json
import os
import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.errors import EngineFailed
from benchmarks.options import BASE_DIR
from benchmarks.rounds import Sample

NAME = "wrk"
SCRIPT = Path(__file__).with_name("wrk.lua")
HOME = BASE_DIR / "var/wrk"
PACKAGES = ("wrk", "libluajit-5.1-2")
PATIENCE_SECONDS = 30.0
LEAST_SECONDS = 1.0


@functools.cache
def program() -> str | None:
    """wrk's path; fetched on first use where the system's packages can be had. None where not."""
    return shutil.which(NAME) or _unpacked() or _fetched()


def _unpacked() -> str | None:
    found = HOME / "usr/bin" / NAME
    return str(found) if found.exists() else None


def _fetched() -> str | None:
    """Debian's packages, unpacked where nobody else is concerned: that needs no rights."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return None
    HOME.mkdir(parents=True, exist_ok=True)
    fetch = ["apt-get", "download", *PACKAGES]
    if subprocess.run(fetch, cwd=HOME, capture_output=True, check=False).returncode != 0:
        return None
    for package in HOME.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, HOME], capture_output=True, check=False)
    return _unpacked()


def _environment() -> dict[str, str]:
    libraries = os.pathsep.join(str(path.parent) for path in HOME.glob("usr/lib/*/libluajit*"))
    return os.environ | ({"LD_LIBRARY_PATH": libraries} if libraries else {})


def run(
    base_url: str, paths: Sequence[str], *, agent: str, connections: int, seconds: float
) -> Sample:
    """GET the paths in turn for whole seconds, each time as another visitor.

    Raises EngineFailed for anything but success. wrk hangs up at its end, so each connection may have
    one request done and not counted.
    """
    command = [
        program() or NAME,
        "-t2",
        f"-c{connections}",
        f"-d{round(max(seconds, LEAST_SECONDS))}s",
        "--timeout=10s",  # a busy machine is slow, not broken
    ]
    first = str(random.randrange(1, 9_000) * 1_000_000_000)
    command += ["-s", str(SCRIPT), base_url, "--", agent, first, *paths]
    done = subprocess.run(
        command,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=seconds + PATIENCE_SECONDS,
        check=False,
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        raise EngineFailed(f"wrk: {done.stderr.strip() or done.stdout.strip()}")
    told = json.loads(lines[-1])
    if told["errors"]:
        raise EngineFailed(f"wrk: {told['errors']} of {told['requests']} requests failed")
    return Sample(told["requests"], told["microseconds"] / 1e6, unsure=connections)

"""wrk, where it is installed: lighter than any load generator in Python."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.errors import EngineFailed
from benchmarks.rounds import Sample

NAME = "wrk"
SCRIPT = Path(__file__).with_name("wrk.lua")
PATIENCE_SECONDS = 30.0
LEAST_SECONDS = 1.0


def program() -> str | None:
    """wrk on PATH, if it is there."""
    return shutil.which("wrk")


def run(
    base_url: str, paths: Sequence[str], *, agent: str, connections: int, seconds: float
) -> Sample:
    """GET the paths in turn for whole seconds. Raises EngineFailed for anything but success.

    wrk hangs up at its end, so each connection may have one request done and not counted.
    """
    command = [
        program() or NAME,
        "-t2",
        f"-c{connections}",
        f"-d{round(max(seconds, LEAST_SECONDS))}s",
    ]
    command += ["-s", str(SCRIPT), base_url, "--", agent, *paths]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + PATIENCE_SECONDS, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        raise EngineFailed(f"wrk: {done.stderr.strip() or done.stdout.strip()}")
    told = json.loads(lines[-1])
    if told["errors"]:
        raise EngineFailed(f"wrk: {told['errors']} of {told['requests']} requests failed")
    return Sample(told["requests"], told["microseconds"] / 1e6, unsure=connections)

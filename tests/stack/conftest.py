"""Real servers, each test with a var folder of its own; nothing here knows Django."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from referral_engine.stack import addresses, ephemeral, orphans, postgres, valkey

ROOT = Path(__file__).resolve().parents[2]
STACK = [sys.executable, "-m", "referral_engine.stack"]
# Long enough to be killed by somebody: no test waits for it.
SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(300)"]
SERVERS = (postgres.NAME, valkey.NAME)


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Return when `condition` holds; fails the test when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Runner:
    """`python -m referral_engine.stack` as a person would start it, in one var folder."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.started: list[subprocess.Popen[str]] = []

    def environ(self, **more: str) -> dict[str, str]:
        """The environment without the servers these tests may themselves run in."""
        ours = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "ENGINE_VAR", orphans.MARK)
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return kept | {"ENGINE_VAR": str(self.var)} | more

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*STACK, *arguments],
            cwd=ROOT,
            env=self.environ(**more),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, command: list[str] = SLEEP, *, durable: bool = False) -> subprocess.Popen[str]:
        """Start a run and return when its command says its first line."""
        speed = [] if durable else ["--no-fsync"]
        process = subprocess.Popen(
            [*STACK, "run", *speed, "--", *command],
            cwd=ROOT,
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        assert process.stdout
        if not process.stdout.readline():
            pytest.fail(process.communicate()[1])
        return process

    def pids(self) -> dict[str, int]:
        return {name: note.pid for name, note in orphans.noted(self.var).items()}

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(addresses.postgres_url(self.var), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def clean(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
        if self.var.exists():
            orphans.sweep(self.var)
        for process in self.started:  # only now: an orphan keeps its end of the pipes open
            process.communicate(timeout=10)
        shutil.rmtree(addresses.socket_dir(self.var), ignore_errors=True)


def gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def kill(pids: Mapping[str, int]) -> None:
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def runner() -> Iterator[Runner]:
    # Not tmp_path: its parents are private, which is a test of its own when we are root.
    folder = Path(tempfile.mkdtemp(prefix="re-test-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    runner = Runner(folder / "var")
    yield runner
    runner.clean()
    shutil.rmtree(folder)


@pytest.fixture
def closed_runner() -> Iterator[Runner]:
    """One whose var lies in a folder that only its owner may enter."""
    folder = Path(tempfile.mkdtemp(prefix="re-test-"))
    runner = Runner(folder / "var")
    yield runner
    runner.clean()
    shutil.rmtree(folder)


def ephemeral_folders() -> set[Path]:
    return set(addresses.SOCKET_ROOT.glob(f"{ephemeral.prefix()}*"))

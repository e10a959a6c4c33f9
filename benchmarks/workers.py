"""Processes of the engine that do one kind of work when told to."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.options import BASE_DIR
from benchmarks.rounds import Sample

# As many as a worker has by default.
PROCESSES = 2

Process = subprocess.Popen[str]


@dataclass(frozen=True)
class Workers:
    """Processes that work at the same time."""

    processes: Sequence[Process]

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in self.processes)

    def run(self, seconds: float, shares: Sequence[dict[str, Any]] = ()) -> Sample:
        """Have all work for so long, each with its share of what there is, and wait for them."""
        for n, process in enumerate(self.processes):
            _tell(process, {"seconds": seconds, **(shares[n] if shares else {})})
        told = [json.loads(_hear(process)) for process in self.processes]
        began, ended = min(one["began"] for one in told), max(one["ended"] for one in told)
        return Sample(sum(one["done"] for one in told), ended - began)


def start(stack: ExitStack, work: str, number: int) -> Workers:
    """Start processes for a work of `benchmarks.worker`; they end with the stack."""
    return Workers([stack.enter_context(_worker(work)) for _ in range(number)])


@contextmanager
def _worker(work: str) -> Iterator[Process]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.worker", work],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # out of reach of Ctrl-C: it ends with us
    )
    try:
        _hear(process)  # that it is ready
        yield process
    finally:
        process.terminate()
        process.communicate()


def _tell(process: Process, given: dict[str, Any]) -> None:
    assert process.stdin
    process.stdin.write(json.dumps(given) + "\n")
    process.stdin.flush()


def _hear(process: Process) -> str:
    assert process.stdout
    if line := process.stdout.readline():
        return line
    raise BenchmarkError("a worker ended")

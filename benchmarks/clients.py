"""Processes of a shop, each of which does one act at a time and is given the next when it is done."""

import json
import os
import selectors
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.options import BASE_DIR

Process = subprocess.Popen[str]
Act = dict[str, Any]

SERVICES = (sys.executable, "-m", "benchmarks.client")


@dataclass(frozen=True)
class Clients:
    """Processes that wait for acts."""

    processes: Sequence[Process]

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in self.processes)

    def run(self, ready: Iterable[Act], after: Callable[[Act], Iterable[Act]]) -> None:
        """Have all acts done, and those that `after` says an answered act makes ready.

        A free client gets first what others were waited for, then what was ready from the beginning,
        in its order. Raises BenchmarkError when one ends.
        """
        waiting, idle = deque(ready), list(self.processes)
        with selectors.DefaultSelector() as selector:
            for process in self.processes:
                assert process.stdout
                selector.register(process.stdout, selectors.EVENT_READ, process)
            while waiting or len(idle) < len(self.processes):
                while waiting and idle:
                    _tell(idle.pop(), waiting.popleft())
                for key, _ in selector.select():
                    waiting.extendleft(after(json.loads(_hear(key.data))))
                    idle.append(key.data)

    def at_once(self, acts: Sequence[Act]) -> list[Act]:
        """Have each client do one act, all told before any is waited for; what they answered."""
        for process, act in zip(self.processes, acts, strict=True):
            _tell(process, act)
        return [json.loads(_hear(process)) for process in self.processes]


def start(
    stack: ExitStack,
    work: str,
    number: int,
    url: str,
    program: Sequence[str | Path] = SERVICES,
) -> Clients:
    """Start clients on the database at `url`; they end with the stack."""
    command = [*map(str, program), work]
    clients = [stack.enter_context(_client(command, url)) for _ in range(number)]
    for client in clients:
        _hear(client)  # that it is ready
    return Clients(clients)


@contextmanager
def _client(command: Sequence[str], url: str) -> Iterator[Process]:
    process = subprocess.Popen(
        command,
        cwd=BASE_DIR,
        env=os.environ | {"DATABASE_URL": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # out of reach of Ctrl-C: it ends with us
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _tell(process: Process, act: Act) -> None:
    assert process.stdin
    process.stdin.write(json.dumps(act) + "\n")
    process.stdin.flush()


def _hear(process: Process) -> str:
    assert process.stdout
    if line := process.stdout.readline():
        return line
    raise BenchmarkError("a client ended")

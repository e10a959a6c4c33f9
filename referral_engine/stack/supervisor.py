"""One parent that owns the servers: start them, run commands with them, stop everything.

    with servers(var_dir, os.environ) as addresses: …
    code = run_stack([["make", "tea"]], var_dir=var_dir, environ=os.environ)

The parent holds the lock of the var folder as long as it lives; the kernel gives the lock back
however it dies, and the next parent sweeps what the former one left behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from referral_engine.stack import orphans, postgres, probes, valkey
from referral_engine.stack.addresses import Addresses, resolve, socket_dir, stack_name
from referral_engine.stack.errors import AlreadyRunning, StackError
from referral_engine.stack.server import Server

LOCK = "stack.lock"
WATCH_SECONDS = 0.1
COMMAND_STOP_SECONDS = 20.0


class Stack:
    """The servers of one var folder, from `start` to `stop`. Use `servers` or `run_stack`."""

    def __init__(self, var_dir: Path, environ: Mapping[str, str], *, durable: bool) -> None:
        self.var_dir = var_dir
        self.addresses: Addresses = resolve(environ, var_dir)
        self._durable = durable
        self._servers: list[Server] = []
        self._lock = FileLock(var_dir / LOCK, timeout=0, thread_local=False)

    def start(self, cancelled: Callable[[], bool]) -> None:
        """Start what is embedded, probe what is not. Raises StackError; `stop` even then."""
        if not self.addresses.embedded_postgres:
            probes.probe_postgres(self.addresses.database_url)
        if not self.addresses.embedded_valkey:
            probes.probe_redis(self.addresses.redis_url)
        try:
            self._take_lock()
            orphans.sweep(self.var_dir)
            socket_dir(self.var_dir).mkdir(mode=0o700, exist_ok=True)
            socket_dir(self.var_dir).chmod(0o700)  # asks again whose it is, now that it exists
            self._start_servers(cancelled)
        except OSError as error:
            raise StackError(f"cannot start in {self.var_dir}: {error}") from error

    def fallen(self) -> str | None:
        """Why a server is gone, in one line, or None while all run."""
        return next((reason for server in self._servers if (reason := server.death())), None)

    def note(self, **commands: int) -> None:
        """Write down who runs, for `status` and for the sweep after a kill."""
        pids = {server.name: server.process.pid for server in self._servers}
        orphans.note(self.var_dir, {orphans.SUPERVISOR: os.getpid(), **pids, **commands})

    def stop(self) -> None:
        """Stop everything that was started and give back the lock. May be called at any time."""
        if not self._lock.is_locked:
            return
        try:
            for server in reversed(self._servers):
                server.stop()
            (self.var_dir / orphans.NOTES).unlink(missing_ok=True)
            with suppress(OSError):  # not there, or not empty
                socket_dir(self.var_dir).rmdir()
        finally:
            self._servers.clear()
            self._lock.release()

    def _take_lock(self) -> None:
        self.var_dir.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            holder = orphans.noted(self.var_dir).get(orphans.SUPERVISOR)
            who = f" (pid {holder.pid})" if holder else ""
            raise AlreadyRunning(f"already running{who} in {self.var_dir}") from None

    def _start_servers(self, cancelled: Callable[[], bool]) -> None:
        if self.addresses.embedded_postgres:
            self._servers.append(postgres.start(self.var_dir, durable=self._durable))
            self.note()
        if self.addresses.embedded_valkey:
            self._servers.append(valkey.start(self.var_dir, durable=self._durable))
            self.note()
        for server in self._servers:
            ready = postgres.ready if server.name == postgres.NAME else valkey.ready
            server.wait_until(lambda ready=ready: ready(self.var_dir), cancelled)  # type: ignore[misc]
        if self.addresses.embedded_postgres:
            postgres.prepare(self.var_dir)


@contextmanager
def servers(
    var_dir: Path, environ: Mapping[str, str], *, durable: bool = True
) -> Iterator[Addresses]:
    """Run the servers as long as the block lasts; yields where they are.

    Installs no signal handlers and does not watch: a server that dies is noticed by who uses it.
    Raises StackError when they cannot start.
    """
    stack = Stack(var_dir, environ, durable=durable)
    try:
        stack.start(cancelled=lambda: False)
        yield stack.addresses
    finally:
        stack.stop()


def environment(stack_addresses: Addresses, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a command finds the servers."""
    found = dict(environ)
    found["DATABASE_URL"] = stack_addresses.database_url
    found["REDIS_URL"] = stack_addresses.redis_url
    found.setdefault("CELERY_BROKER_URL", stack_addresses.broker_url)
    return found


def run_stack(
    commands: Sequence[Sequence[str]],
    *,
    var_dir: Path,
    environ: Mapping[str, str],
    durable: bool = True,
    lasting: bool = False,
    once_running: Callable[[], None] = lambda: None,
) -> int:
    """Start the servers, run the commands one after the other until one fails, stop everything.

    Returns the exit code: of the command that ended it (128 + n when signal n did), or 1 after one
    line on stderr when a server could not start or died. With `lasting`, the last command is meant
    to run until somebody stops us: being asked to (SIGINT, SIGTERM, SIGHUP) is 0, ending by itself
    is 1. `once_running` is called before the first command and may raise StackError. Main thread
    only, because it handles signals; they are passed on to the command, and a
    second one kills it.
    """
    stack = Stack(var_dir, environ, durable=durable)
    with _stop_requests() as requests:
        try:
            stack.start(cancelled=lambda: bool(requests))
            once_running()
            code = _run_in_turn(stack, commands, environ, requests)
        except StackError as error:
            if requests and lasting:
                return 0
            print(f"stack: {error}", file=sys.stderr, flush=True)
            return 128 + requests[0] if requests else 1
        finally:
            stack.stop()
    if not lasting:
        return code
    return 0 if requests else code or 1


@contextmanager
def _stop_requests() -> Iterator[list[int]]:
    """Collect signals that ask us to stop instead of dying of them; yields the growing list.

    Nothing is raised out of a handler, so that no child is lost between its start and its note.
    """
    requests: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        requests.append(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    former = {number: signal.signal(number, remember) for number in numbers}
    try:
        yield requests
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _run_in_turn(
    stack: Stack,
    commands: Sequence[Sequence[str]],
    environ: Mapping[str, str],
    requests: list[int],
) -> int:
    marks = [mark for mark in (environ.get(orphans.MARK), stack_name(stack.var_dir)) if mark]
    env = environment(stack.addresses, environ) | {orphans.MARK: ":".join(marks)}
    code = 0
    for command in commands:
        if requests:
            return 128 + requests[0]
        try:
            process = subprocess.Popen(command, env=env, start_new_session=True)
        except OSError as error:
            raise StackError(f"cannot run {command[0]}: {error.strerror}") from None
        try:
            stack.note(command=process.pid)
            code = _watch(stack, process, requests)
        finally:
            _end_command(stack, process)
        if code != 0:
            break
    return code


def _watch(stack: Stack, process: subprocess.Popen[bytes], requests: list[int]) -> int:
    """Wait for the command; pass on signals. Raises StackError when a server dies."""
    passed_on = 0
    give_up = float("inf")
    while (code := process.poll()) is None:
        if reason := stack.fallen():
            raise StackError(reason)
        if len(requests) > passed_on:
            number = signal.SIGKILL if passed_on else requests[0]
            give_up = min(give_up, time.monotonic() + COMMAND_STOP_SECONDS)
            passed_on = len(requests)
            _signal_group(process, number)
        if time.monotonic() > give_up:
            _signal_group(process, signal.SIGKILL)
        time.sleep(WATCH_SECONDS)
    return code if code >= 0 else 128 - code


def _end_command(stack: Stack, process: subprocess.Popen[bytes]) -> None:
    """End the command and whatever it left running, wherever its children fled to."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(COMMAND_STOP_SECONDS)
    if process.poll() is None:
        _signal_group(process, signal.SIGKILL)
    process.wait()
    orphans.end(orphans.marked(stack.var_dir), signal.SIGTERM)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)

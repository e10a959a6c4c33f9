"""One server as a child of ours: start it, wait for it, see it die, stop it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from referral_engine.stack.errors import StackError

START_SECONDS = 300.0  # recovery after a crash may have much to replay
POLL_SECONDS = 0.05
LOG_LIMIT_BYTES = 20_000_000


@dataclass(frozen=True)
class Server:
    """A running child, its log, and how it is asked to stop: (signal, seconds to wait) in turn."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signals: Sequence[tuple[signal.Signals, float]]

    def death(self) -> str | None:
        """Why it is gone, in one line, or None while it runs."""
        code = self.process.poll()
        if code is None:
            return None
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        words = last_words(self.log) if code >= 0 else ""
        return f"{self.name} ended {how}{words and f': {words}'} (log: {self.log})"

    def wait_until(self, ready: Callable[[], bool], cancelled: Callable[[], bool]) -> None:
        """Return when it is ready. Raises StackError when it died, is late, or was cancelled."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if reason := self.death():
                raise StackError(reason)
            if cancelled():
                raise StackError("stopped while starting")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.name} is not ready after {START_SECONDS:.0f} s: {self.log}"
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop it and reap it, politely first."""
        for number, seconds in self.stop_signals:
            if self.process.poll() is not None:
                return
            self.process.send_signal(number)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        self.process.kill()
        self.process.wait()


def spawn(
    name: str,
    command: Sequence[str],
    log: Path,
    stop_signals: Sequence[tuple[signal.Signals, float]],
) -> Server:
    """Start `command` in a session of its own, out of reach of the terminal's Ctrl-C."""
    log.parent.mkdir(parents=True, exist_ok=True)
    too_long = log.exists() and log.stat().st_size > LOG_LIMIT_BYTES
    with log.open("wb" if too_long else "ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=plain_environment(),
            cwd="/",
            start_new_session=True,
        )
    return Server(name, process, log, stop_signals)


def plain_environment() -> Mapping[str, str]:
    """An environment without the caller's locale, time zone and PG* variables."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def last_words(log: Path) -> str:
    """The line of a log that says best why the server ended, without its time stamp."""
    with log.open("rb") as output:
        output.seek(max(0, log.stat().st_size - 8192))
        lines = [line.strip() for line in output.read().decode(errors="replace").splitlines()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line]
    line = (telling or [line for line in lines if line] or [""])[-1]
    for mark in ("FATAL:", "PANIC:"):
        line = line.partition(mark)[2].strip() or line
    return line

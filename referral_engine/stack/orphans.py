"""What a killed parent left behind: who we started is noted in `var/stack.json`, and swept.

Three marks find a process: the note (pid and creation time, so a reused pid is never hit), the
command line of a server (it names our folder or cluster), and the environment of a command, whose
own children may have fled into sessions of their own.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from referral_engine.stack import addresses, postgres, valkey
from referral_engine.stack.errors import StackError

MARK = "ENGINE_STACK"
SUPERVISOR = "supervisor"
NOTES = "stack.json"
POLITE_SECONDS = 5.0
SHUTDOWN_SECONDS = 30.0


@dataclass(frozen=True)
class Note:
    """One process that was started: its name, pid, and creation time in seconds since 1970."""

    name: str
    pid: int
    created: float

    def process(self) -> psutil.Process | None:
        """The process, if it is still that one and alive."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < 1.0
        except psutil.Error:
            return None
        return process if same and _alive(process) else None


def note(var_dir: Path, pids: Mapping[str, int]) -> None:
    """Write down who runs, replacing what was written. A process already gone is left out."""
    notes = []
    for name, pid in pids.items():
        try:
            notes.append(asdict(Note(name, pid, psutil.Process(pid).create_time())))
        except psutil.Error:
            continue
    draft = var_dir / f"{NOTES}.new"
    draft.write_text(json.dumps(notes))
    draft.replace(var_dir / NOTES)


def noted(var_dir: Path) -> dict[str, Note]:
    """Who was written down last, by name; empty when nothing or nonsense is there."""
    try:
        entries = json.loads((var_dir / NOTES).read_text())
        return {entry["name"]: Note(**entry) for entry in entries}
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return {}


def sweep(var_dir: Path) -> int:
    """End everything an earlier parent of `var_dir` left running; returns how many processes.

    Only for the holder of the lock. Raises StackError when something cannot be ended.
    """
    commands = _noted_commands(var_dir) + marked(var_dir)
    ended = end(commands, signal.SIGTERM)
    # Only the heads are asked: PostgreSQL's children give the same signal other meanings, and those
    # that outlive their postmaster have nothing left to do in peace.
    heads = [process for process in _servers(var_dir) if not _is_backend(process, var_dir)]
    ended += end(heads, signal.SIGINT, SHUTDOWN_SECONDS)
    ended += end(_servers(var_dir), signal.SIGKILL)
    if left := _servers(var_dir):
        raise StackError(f"process {left[0].pid} of an earlier start cannot be ended")
    (var_dir / NOTES).unlink(missing_ok=True)
    return ended


def marked(var_dir: Path) -> list[psutil.Process]:
    """The processes of commands run with the servers of `var_dir`, except us and our parents."""
    mark = addresses.stack_name(var_dir)
    found = []
    for process in _others():
        try:
            marks = process.environ().get(MARK, "")
        except (psutil.Error, OSError):
            continue
        if mark in marks.split(":"):
            found.append(process)
    return found


def end(
    processes: Iterable[psutil.Process], polite: signal.Signals, seconds: float = POLITE_SECONDS
) -> int:
    """Ask, wait `seconds`, kill, wait; returns how many there were. A zombie counts as ended."""
    waiting = [process for process in set(processes) if _alive(process)]
    count = len(waiting)
    for number in (polite, signal.SIGKILL):
        if not waiting:
            break
        for process in waiting:
            try:
                process.send_signal(number)
            except psutil.Error:
                continue
        deadline = time.monotonic() + seconds
        while waiting and time.monotonic() < deadline:
            time.sleep(0.02)
            waiting = [process for process in waiting if _alive(process)]
    return count


def _noted_commands(var_dir: Path) -> list[psutil.Process]:
    found = []
    for name, entry in noted(var_dir).items():
        if name in (SUPERVISOR, postgres.NAME, valkey.NAME):
            continue
        if process := entry.process():
            found += [process, *process.children(recursive=True)]
    return found


def _servers(var_dir: Path) -> list[psutil.Process]:
    """The servers of `var_dir` and their children, by their command lines."""
    cluster = str(postgres.data_dir(var_dir))
    socket = str(addresses.valkey_socket(var_dir))
    found = []
    for process in _others():
        words = _words(process)
        is_postmaster = any(
            Path(word).name == "postgres" and words[place + 1 : place + 3] == ["-D", cluster]
            for place, word in enumerate(words)  # not always first: our launcher may be
        )
        is_valkey = "valkey-server" in "".join(words[:1]) and any(socket in word for word in words)
        if (is_postmaster or is_valkey or _is_backend(process, var_dir)) and _alive(process):
            found.append(process)
    return found


def _is_backend(process: psutil.Process, var_dir: Path) -> bool:
    """Whether it is a child of PostgreSQL: each shows the cluster's name as its title."""
    title = f"postgres: {addresses.stack_name(var_dir)}: "
    return " ".join(_words(process)).startswith(title)


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except (psutil.Error, OSError):
        return []


def _others() -> list[psutil.Process]:
    me = psutil.Process()
    spared = {os.getpid(), *(parent.pid for parent in me.parents())}
    return [process for process in psutil.process_iter() if process.pid not in spared]


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True

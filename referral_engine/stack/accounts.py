"""Whose process PostgreSQL is: it refuses to run as root, so root runs it as somebody else.

Files stay where they are and no parent folder changes its permissions. Where a parent folder is
closed to others (a checkout in /root or under `mktemp -d`), the child keeps the one capability
that lets it through; see `as_account.py`.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from referral_engine.stack.errors import StackError

LAUNCHER = Path(__file__).with_name("as_account.py")


@dataclass(frozen=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def postgres_account(data_dir: Path) -> Account | None:
    """Who PostgreSQL must run as, or None for the current user.

    Raises StackError when we are root and the machine has nobody else.
    """
    if os.geteuid() != 0:
        return None
    if data_dir.exists() and (owner := data_dir.stat().st_uid) != 0:
        return _account_of(owner)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackError("PostgreSQL refuses to run as root: run as an ordinary user")


def command_as(
    account: Account | None, command: Sequence[str], reaches: Sequence[Path]
) -> list[str]:
    """The command that runs `command` as `account`, able to enter the folders it must reach."""
    if account is None:
        return list(command)
    passage = "closed" if any(not _open_to_others(path) for path in reaches) else "open"
    identity = [str(account.uid), str(account.gid), passage]
    return [sys.executable, "-I", "-S", str(LAUNCHER), *identity, *command]


def give(path: Path, account: Account | None) -> None:
    """Make `account` the owner of `path`, when it is not the current user."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _account_of(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(str(uid), uid, uid)
    return Account(entry.pw_name, uid, entry.pw_gid)


def _open_to_others(path: Path) -> bool:
    """Whether anybody may enter all parent folders of `path` and run it, if it is a program."""
    here = path.resolve()
    way = [*here.parents] if here.is_dir() else [here, *here.parents]
    return all(step.stat().st_mode & 0o001 for step in way)

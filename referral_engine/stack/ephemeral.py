"""A var folder for one run: short, private, and gone afterwards, also those of killed runs."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from referral_engine.stack import orphans
from referral_engine.stack.addresses import SOCKET_ROOT
from referral_engine.stack.errors import StackError
from referral_engine.stack.supervisor import LOCK

SETTLING_SECONDS = 60.0  # a folder younger than this may not have taken its lock yet


@contextmanager
def ephemeral_var() -> Iterator[Path]:
    """A fresh var folder as long as the block lasts."""
    remove_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=prefix(), dir=SOCKET_ROOT))
    try:
        if os.geteuid() == 0:
            folder.chmod(0o711)  # PostgreSQL, as another user, passes through to its own folder
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned() -> None:
    """Sweep and remove the folders of runs that were killed: their lock is free."""
    for folder in SOCKET_ROOT.glob(f"{prefix()}*"):
        try:
            if folder.lstat().st_uid != os.geteuid() or not folder.is_dir():
                continue
            if time.time() - folder.lstat().st_mtime < SETTLING_SECONDS:
                continue
            with FileLock(folder / LOCK, timeout=0):
                orphans.sweep(folder)
                shutil.rmtree(folder, ignore_errors=True)
        except (OSError, Timeout, StackError):
            continue  # in use, or being removed by somebody else: not ours to worry about


def prefix() -> str:
    """How the names of our ephemeral folders begin."""
    return f"re-run-{os.geteuid()}-"

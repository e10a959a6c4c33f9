"""A var folder and an environment of their own for tests that start real programs."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from referral_engine.stack import addresses, orphans

ROOT = Path(__file__).resolve().parents[2]
# Those of the servers and of the settings the tests themselves may run in.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "PUBLIC_URL", "PORT", "BIND")


@contextmanager
def own_var() -> Iterator[Path]:
    """A fresh folder with a short name. What is left running in it afterwards is ended."""
    # Not tmp_path: PostgreSQL, which is another user where we are root, must pass through it.
    folder = Path(tempfile.mkdtemp(prefix="re-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    try:
        yield folder / "var"
    finally:
        if (folder / "var").exists():
            orphans.sweep(folder / "var")
        shutil.rmtree(addresses.socket_dir(folder / "var"), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def environ(var: Path, **more: str) -> dict[str, str]:
    """The environment in which a program starts its own servers in `var`."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return kept | {"ENGINE_VAR": str(var)} | more
